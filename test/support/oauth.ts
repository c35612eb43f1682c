import { exports } from "cloudflare:workers";
import * as oauth from "oauth4webapi";
import { expect } from "vitest";
import { z } from "zod";
import { type Person, addMember, newAddressOfNetwork, newPerson } from "./people.ts";
import { type CallOptions, type TestTenant, call, newTenant } from "./tenant.ts";

/** Where the Worker is reached by clients, who insist on TLS. */
export const ISSUER = "https://tensorgate.test";
export const CALLBACK = "https://app.example.com/callback";
export const CLI_CLIENT_ID = "cli_0000000000000000tens0rgate";

/** Lets the independent client call the Worker. */
export const overWorker = {
  [oauth.customFetch]: async (url: string, { method, headers, body }: oauth.CustomFetchOptions<string, unknown>) => {
    const text = body instanceof URLSearchParams ? body.toString() : undefined;
    const request = new Request(url, {
      method,
      headers,
      redirect: "manual",
      ...(text !== undefined && { body: text }),
    });
    request.headers.set("CF-Connecting-IP", newAddressOfNetwork());
    return await exports.default.fetch(request);
  },
};

/** A client of a tenant's own, as the independent library knows it. */
export interface TestClient {
  readonly client: oauth.Client;
  readonly auth: oauth.ClientAuth;
  readonly secret: string;
}

const clientSchema = z.object({ client_id: z.string(), client_secret: z.string().optional() });

/** Register a client of a tenant's own: one that takes codes and keeps a secret, unless the wish says otherwise. */
export async function newClient(tenant: TestTenant, wish: object = {}): Promise<TestClient> {
  const usual = {
    name: "Dashboard of a customer",
    redirect_uris: [CALLBACK],
    grant_types: ["authorization_code", "refresh_token"],
    scopes: ["openid", "offline_access", "models:read", "models:infer"],
  };
  const made = await tenant.call("POST", "/v1/clients", { json: { ...usual, ...wish } });
  expect(made.status, await made.clone().text()).toBe(201);
  const { client_id: id, client_secret: secret = "" } = clientSchema.parse(await made.json());
  const auth = secret === "" ? oauth.None() : oauth.ClientSecretBasic(secret);
  return { client: { client_id: id }, auth, secret };
}

/** What the server says of itself, as the independent library accepts it. */
export async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(ISSUER);
  return await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, overWorker));
}

/** A member of a tenant, logged in with a browser at {@link ISSUER}. */
export async function memberOf(tenant: TestTenant, ...roles: string[]): Promise<Person> {
  const person = await newPerson("Ada", ISSUER);
  await addMember(tenant.id, person, ...roles);
  return person;
}

/** An authorization request on its way, and what the client remembers of it. */
export interface Asked {
  readonly path: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** Ask for a code: the path that the client sends the browser to. */
export async function askForCode(
  as: oauth.AuthorizationServer,
  { client }: TestClient,
  other: Record<string, string> = {},
): Promise<Asked> {
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ];
  const url = new URL(as.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: CALLBACK,
    response_type: "code",
    scope: "openid offline_access models:read",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...other,
  }).toString();
  return { path: url.pathname + url.search, verifier, state, nonce };
}

/** Where the person's browser is sent. */
export async function visit(person: Person, path: string): Promise<URL> {
  const response = await person.call("GET", path);
  expect(response.status, await response.clone().text()).toBe(302);
  return new URL(response.headers.get("Location") ?? "", ISSUER);
}

/** Let the client in on the page that asks for it. @returns where the browser is sent then */
export async function consent(person: Person, page: URL): Promise<URL> {
  expect(page.pathname).toBe("/consent");
  const answer = await person.call("POST", "/auth/oauth2/consent", { accept: true, oauth_query: page.search.slice(1) });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return new URL(z.object({ url: z.string() }).parse(await answer.json()).url);
}

/** Exchange the code that a browser brought back. */
export async function exchange(
  as: oauth.AuthorizationServer,
  { client, auth }: TestClient,
  { verifier, state }: Asked,
  callback: URL,
): Promise<Response> {
  const parameters = oauth.validateAuthResponse(as, client, callback, state);
  return await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, CALLBACK, verifier, overWorker);
}

/** The whole way from the request to the tokens. */
export async function logIn(
  person: Person,
  client: TestClient,
  other: Record<string, string> = {},
): Promise<oauth.TokenEndpointResponse> {
  const as = await discover();
  const asked = await askForCode(as, client, other);
  const callback = await consent(person, await visit(person, asked.path));
  const response = await exchange(as, client, asked, callback);
  return await oauth.processAuthorizationCodeResponse(as, client.client, response, { expectedNonce: asked.nonce });
}

/** Refresh, and give what the server answered. */
export async function refresh({ client, auth }: TestClient, token: string | undefined): Promise<Response> {
  return await oauth.refreshTokenGrantRequest(await discover(), client, auth, token ?? "", overWorker);
}

/** Call the API with a token. */
export async function callWith(
  token: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Response> {
  return await call(method, path, { ...options, origin: ISSUER, headers: { Authorization: `Bearer ${token}` } });
}

/** A tenant with a member of these roles and a client. */
export async function newParty(...roles: string[]): Promise<{ tenant: TestTenant; ada: Person; client: TestClient }> {
  const tenant = await newTenant();
  const ada = await memberOf(tenant, ...(roles.length === 0 ? ["developer"] : roles));
  return { tenant, ada, client: await newClient(tenant) };
}
