import { callServer, setText, show, wire } from "./pages.js";
import { listOrganizations, listScopes } from "./grants.js";

const [code, ask] = ["code", "ask"].map((id) => document.getElementById(id));
const session = await callServer("/auth/get-session");
if (!session) location.assign(`/sign-in?then=${encodeURIComponent(location.pathname + location.search)}`);

code.addEventListener("submit", async (event) => {
  event.preventDefault();
  const alert = code.querySelector("[role=alert]");
  alert.hidden = true;
  const userCode = code.elements.user_code.value.trim();
  try {
    const request = await callServer(`/auth/device?user_code=${encodeURIComponent(userCode)}`);
    ask.elements.userCode.value = userCode;
    setText("shown", userCode);
    listScopes(request.scope ?? "");
    await listOrganizations(ask.elements.tenant_id);
    show("ask");
  } catch (error) {
    alert.textContent = error.message;
    alert.hidden = false;
  }
});
code.elements.user_code.value = new URLSearchParams(location.search).get("user_code") ?? "";
wire(
  ask,
  () => {
    show("done");
    return true;
  },
  async (fields) => await callServer("/auth/session-tenant", { tenant_id: fields.tenant_id }),
);
