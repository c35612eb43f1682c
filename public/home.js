import { callServer, setText, show, wire } from "./pages.js";

const [making, token] = ["/auth/organizations", "/auth/tenant-token"].map((call) =>
  document.querySelector(`form[data-call="${call}"]`),
);

/** Offer the organisations that one belongs to. */
async function listOrganizations(chosenId) {
  const { data } = await callServer("/auth/organizations");
  const options = data.map(
    ({ id, name, roles }) => new Option(`${name} (${roles.join(", ")})`, id, false, id === chosenId),
  );
  token.elements.tenant_id.replaceChildren(...options);
  document.getElementById("token").hidden = data.length === 0;
}

const session = await callServer("/auth/get-session");
if (session) {
  setText("name", session.user.name);
  setText("email", session.user.email);
  show("home");
  await listOrganizations();
} else show("stranger");

document.getElementById("out").addEventListener("click", async () => {
  await callServer("/auth/sign-out", {});
  location.assign("/sign-in");
});
wire(making, async ({ id }) => {
  making.reset();
  await listOrganizations(id);
  return true;
});
wire(token, ({ access_token: text }) => {
  const shown = document.getElementById("shown");
  shown.hidden = false;
  shown.querySelector("textarea").value = text;
  return true;
});
