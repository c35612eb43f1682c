import { callServer, setText } from "./pages.js";
import { currentOrganization, listScopes } from "./grants.js";

const query = new URLSearchParams(location.search);
listScopes(query.get("scope") ?? "");
setText("organization", (await currentOrganization())?.name ?? "your organisation");
const clientId = query.get("client_id");
if (clientId) {
  const client = await callServer(`/auth/oauth2/public-client?client_id=${encodeURIComponent(clientId)}`).catch(
    () => ({}),
  );
  setText("client", client.client_name ?? clientId);
}
