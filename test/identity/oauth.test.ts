import { decodeJwt, decodeProtectedHeader } from "jose";
import * as oauth from "oauth4webapi";
import { describe, expect, test } from "vitest";
import { API_AUDIENCE } from "../../src/identity/access-tokens.ts";
import {
  CALLBACK,
  ISSUER,
  askForCode,
  callWith,
  consent,
  discover,
  exchange,
  logIn,
  newClient,
  newParty,
  overWorker,
  refresh,
  visit,
} from "../support/oauth.ts";
import { addMember } from "../support/people.ts";
import { call, newTenant } from "../support/tenant.ts";

describe("discovery", () => {
  test("is accepted by an independent client, at both places, and may be cached", async () => {
    const as = await discover();
    expect(as).toMatchObject({
      issuer: ISSUER,
      grant_types_supported: [
        "authorization_code",
        "client_credentials",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
      ],
      code_challenge_methods_supported: ["S256"],
      device_authorization_endpoint: `${ISSUER}/auth/device/code`,
    });
    const other = await call("GET", "/.well-known/oauth-authorization-server", { origin: ISSUER });
    expect(await other.json()).toEqual(as);
    expect(other.headers.get("Cache-Control")).toBe("public, max-age=300");
  });

  test("names no endpoint that there is not", async () => {
    const document = JSON.stringify(await discover());
    const endpoints = Array.from(document.matchAll(/"\w+_(?:endpoint|uri)":"([^"]+)"/g), ([, url]) => url ?? "");
    expect(endpoints).toHaveLength(7);
    for (const url of endpoints) {
      const { pathname } = new URL(url);
      const [got, posted] = [await call("GET", pathname), await call("POST", pathname, { json: {} })];
      expect([got.status, posted.status], pathname).not.toEqual([404, 404]);
    }
  });
});

describe("authorization code with PKCE", () => {
  test("gives tokens for the API in the person's tenant, and an ID token", async () => {
    const { tenant, ada, client } = await newParty();
    const tokens = await logIn(ada, client);
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: "EdDSA", typ: "at+jwt" });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      iss: ISSUER,
      sub: ada.id,
      tid: tenant.id,
      roles: ["developer"],
      scope: "openid offline_access models:read",
      permissions: ["models:read"],
      client_id: client.client.client_id,
      sid: expect.stringMatching(/^ses_/),
      jti: expect.any(String),
    });
    expect([claims.aud].flat()).toContain(API_AUDIENCE);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300);
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ sub: ada.id, aud: client.client.client_id });
    expect((await callWith(tokens.access_token, "GET", "/v1/models")).status).toBe(200);
    expect((await callWith(tokens.access_token, "POST", "/v1/models", { json: { name: "m" } })).status).toBe(403);
  });

  test("tells who the person is at the user information endpoint", async () => {
    const { tenant, ada } = await newParty();
    const client = await newClient(tenant, { scopes: ["openid", "email"] });
    const { access_token: token } = await logIn(ada, client, { scope: "openid email" });
    const as = await discover();
    const response = await oauth.userInfoRequest(as, client.client, token, overWorker);
    const info = await oauth.processUserInfoResponse(as, client.client, ada.id, response);
    expect(info).toMatchObject({ sub: ada.id, email: ada.email, email_verified: true });
  });

  test("asks who belongs to several tenants to choose one, and nobody else's", async () => {
    const { tenant, ada, client } = await newParty();
    const [other, foreign] = [await newTenant(), await newTenant()];
    await addMember(other.id, ada, "viewer");
    const as = await discover();
    const asked = await askForCode(as, client);
    expect((await visit(ada, asked.path)).pathname).toBe("/choose-tenant");
    expect((await ada.call("POST", "/auth/session-tenant", { tenant_id: foreign.id })).status).toBe(403);
    expect((await ada.call("POST", "/auth/session-tenant", { tenant_id: other.id })).status).toBe(200);
    const callback = await consent(ada, await visit(ada, asked.path));
    const tokens = await oauth.processAuthorizationCodeResponse(
      as,
      client.client,
      await exchange(as, client, asked, callback),
      { expectedNonce: asked.nonce },
    );
    expect(decodeJwt(tokens.access_token)).toMatchObject({ tid: other.id, roles: ["viewer"] });
    expect(tenant.id).not.toBe(other.id);
  });

  test("asks for leave once, and again where the person refused", async () => {
    const { ada, client } = await newParty();
    const as = await discover();
    const page = await visit(ada, (await askForCode(as, client)).path);
    const refused = await ada.call("POST", "/auth/oauth2/consent", {
      accept: false,
      oauth_query: page.search.slice(1),
    });
    expect(await refused.json()).toMatchObject({ url: expect.stringContaining("error=access_denied") });
    await consent(ada, await visit(ada, (await askForCode(as, client)).path));
    const again = await visit(ada, (await askForCode(as, client)).path);
    expect(again.origin + again.pathname).toBe(CALLBACK);
  });

  test("is refused without PKCE, with a wrong verifier, and for scopes that the client lacks", async () => {
    const { ada, client } = await newParty();
    const as = await discover();
    const plain = await askForCode(as, client, { code_challenge: "", code_challenge_method: "" });
    expect((await visit(ada, plain.path)).searchParams.get("error")).toBe("invalid_request");
    const greedy = await askForCode(as, client, { scope: "openid keys:write" });
    expect((await visit(ada, greedy.path)).searchParams.get("error")).toBe("invalid_scope");
    const asked = await askForCode(as, client);
    const callback = await consent(ada, await visit(ada, asked.path));
    const wrong = await exchange(as, client, { ...asked, verifier: oauth.generateRandomCodeVerifier() }, callback);
    expect(wrong.status).toBeGreaterThanOrEqual(400);
    expect(wrong.status).toBeLessThan(500);
  });

  test("does for a public client what it does for one with a secret", async () => {
    const { tenant, ada } = await newParty();
    const client = await newClient(tenant, { token_endpoint_auth_method: "none" });
    const tokens = await logIn(ada, client);
    expect(decodeJwt(tokens.access_token)).toMatchObject({ tid: tenant.id });
    expect((await refresh(client, tokens.refresh_token)).status).toBe(200);
  });
});

describe("refresh tokens", () => {
  test("rotate, and keep tenant, log-in and scope", async () => {
    const { tenant, ada, client } = await newParty();
    const first = await logIn(ada, client);
    const as = await discover();
    const answer = await refresh(client, first.refresh_token);
    const second = await oauth.processRefreshTokenResponse(as, client.client, answer);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const { sid } = decodeJwt(first.access_token);
    const claims = { tid: tenant.id, sub: ada.id, sid, scope: "openid offline_access models:read" };
    expect(decodeJwt(second.access_token)).toMatchObject(claims);
    expect((await callWith(second.access_token, "GET", "/v1/models")).status).toBe(200);
  });

  test("stay in the tenant of their family when the person changes theirs", async () => {
    const { tenant, ada, client } = await newParty();
    const first = await logIn(ada, client);
    const other = await newTenant();
    await addMember(other.id, ada, "owner");
    await ada.call("POST", "/auth/session-tenant", { tenant_id: other.id });
    const answer = await refresh(client, first.refresh_token);
    expect(decodeJwt((await answer.json<{ access_token: string }>()).access_token)).toMatchObject({ tid: tenant.id });
  });
});

describe("client credentials", () => {
  test("give a client a token of its own in the tenant that owns it", async () => {
    const tenant = await newTenant();
    const machine = { redirect_uris: [], grant_types: ["client_credentials"], scopes: ["models:read"] };
    const { client, auth } = await newClient(tenant, machine);
    const as = await discover();
    const response = await oauth.clientCredentialsGrantRequest(as, client, auth, {}, overWorker);
    const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response);
    expect(decodeJwt(token)).toMatchObject({
      sub: client.client_id,
      client_id: client.client_id,
      aud: API_AUDIENCE,
      tid: tenant.id,
      roles: [],
      scope: "models:read",
      permissions: ["models:read"],
    });
    expect((await callWith(token, "GET", "/v1/models")).status).toBe(200);
    const greedy = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: "keys:write" }, overWorker);
    expect([greedy.status, await greedy.json()]).toMatchObject([400, { error: "invalid_scope" }]);
  });
});
