import { callServer, setText, show, wire } from "./pages.js";

const token = new URLSearchParams(location.search).get("token") ?? "";
try {
  const invitation = await callServer(`/auth/invitations?token=${encodeURIComponent(token)}`);
  setText("organization", invitation.organization.name);
  setText("inviter", invitation.inviter);
  setText("roles", invitation.roles.join(", "));
  wire(document.getElementById("ask"), () => location.assign("/") ?? true);
  show("ask");
} catch (error) {
  setText("why", error.message);
  const back = `?then=${encodeURIComponent(location.pathname + location.search)}`;
  for (const link of document.querySelectorAll("#stranger a")) link.search = back;
  show(error.status === 401 ? "stranger" : "ill");
}
