import { show, wire } from "./pages.js";

/** Where the page that sent its reader here wants them back: a path of this origin, or home. */
function backTo() {
  const then = new URL(new URLSearchParams(location.search).get("then") ?? "/", location.origin);
  return then.origin === location.origin ? then.pathname + then.search : "/";
}

for (const form of document.forms) form.dataset.next = backTo();
wire(document.getElementById("password"), (answer) => {
  if (!answer.twoFactorRedirect) return false;
  show("second");
  return true;
});
