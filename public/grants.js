import { callServer } from "./pages.js";

/** What a scope means, where its own words don't say it. */
const MEANINGS = new Map([
  ["openid", "know who you are"],
  ["profile", "see your name"],
  ["email", "see your e-mail address"],
  ["offline_access", "go on when you are away, until you take it back"],
  ["models:infer", "run models, which is charged"],
]);

/** List what is asked for. */
export function listScopes(scope) {
  const asked = scope.split(" ").filter((word) => word !== "");
  const items = (asked.length === 0 ? ["all that you may yourself"] : asked).map((word) => {
    const item = document.createElement("li");
    item.textContent = MEANINGS.get(word) ?? word;
    return item;
  });
  document.getElementById("scopes").replaceChildren(...items);
}

/** Offer the organisations that one belongs to, the one that the log-in works in first. @returns them */
export async function listOrganizations(select) {
  const [session, { data }] = await Promise.all([callServer("/auth/get-session"), callServer("/auth/organizations")]);
  const options = data.map(({ id, name }) => new Option(name, id, false, id === session?.session.tenantId));
  select.replaceChildren(...options);
  return data;
}

/** The organisation that the log-in works in; undefined while none was chosen. */
export async function currentOrganization() {
  const [session, { data }] = await Promise.all([callServer("/auth/get-session"), callServer("/auth/organizations")]);
  const chosen = data.find(({ id }) => id === session?.session.tenantId);
  return chosen ?? (data.length === 1 ? data[0] : undefined);
}
