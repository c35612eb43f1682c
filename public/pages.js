/* What the pages share: a form is sent as JSON to what its `data-call` names, and its answer decides what is shown next. */

const query = new URLSearchParams(location.search);

/** The part of the page's query that the authorization server has signed, to go on with what a client asked for. */
function signedQuery() {
  const names = new Set(query.getAll("ba_param"));
  if (!query.has("sig") || names.size === 0) return undefined;
  const signed = [...query].filter(([name]) => name === "sig" || name === "ba_param" || names.has(name));
  return new URLSearchParams(signed).toString();
}

/** Call the server as this browser. @throws Error that says what went wrong in words for people */
export async function callServer(path, body) {
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const wait = response.headers.get("Retry-After");
  const words = answer?.detail ?? answer?.error_description ?? answer?.message ?? "That did not work.";
  throw Object.assign(new Error(wait ? `${words} Try again in ${wait} s.` : words), { status: response.status });
}

/** Tell the authorization server to go on with what a client asked for, and go where it says. */
export async function goOn(path, body) {
  location.assign(whereTo(await callServer(path, { ...body, oauth_query: signedQuery() })) ?? "/");
}

/** Show one element of the page and hide its siblings of the same kind. */
export function show(id) {
  const shown = document.getElementById(id);
  for (const step of document.querySelectorAll("[data-step]")) step.hidden = step !== shown;
  shown?.querySelector("input:not([type=hidden])")?.focus();
}

/** Where the answer leads; undefined when it leads nowhere. */
function whereTo(answer) {
  return answer.url ?? answer.redirect_uri;
}

export function setText(id, text) {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

/** Put into a form what the link that led here says, so that it is sent along. */
function fillFromQuery(form) {
  for (const input of form.querySelectorAll("input[data-query]")) input.value = query.get(input.dataset.query) ?? "";
}

/** Send a form, and go on. `before` may do what has to come first; `after` may take the answer over by returning true. */
export function wire(form, after = () => false, before = async () => undefined) {
  fillFromQuery(form);
  const alert = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = event.submitter;
    alert.hidden = true;
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    try {
      const fields = Object.fromEntries(new FormData(form));
      if (pressed?.name) fields[pressed.name] = pressed.value === "yes";
      await before(fields);
      const signed = signedQuery();
      const body = { ...fields, ...(signed !== undefined && { oauth_query: signed }) };
      const answer = await callServer(pressed?.dataset.call ?? form.dataset.call, body);
      if (await after(answer, fields)) return;
      const next = whereTo(answer) ?? form.dataset.next;
      if (form.dataset.show) show(form.dataset.show);
      else if (next) location.assign(next);
    } catch (error) {
      alert.textContent = error.message;
      alert.hidden = false;
    } finally {
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  });
}

/** Links between these pages keep what a client asked for. */
for (const link of document.querySelectorAll("a[data-keep-query]")) link.search = location.search;
for (const form of document.querySelectorAll("form[data-call]:not([data-own])")) wire(form);
