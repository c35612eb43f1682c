import { goOn, show, wire } from "./pages.js";
import { listOrganizations } from "./grants.js";

const choice = document.getElementById("choice");
const organizations = await listOrganizations(choice.elements.tenant_id);
show(organizations.length === 0 ? "none" : "choice");
wire(choice, async () => {
  await goOn("/auth/oauth2/continue", { postLogin: true });
  return true;
});
