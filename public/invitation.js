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
  show(error.status === 401 ? "stranger" : "ill");
}
