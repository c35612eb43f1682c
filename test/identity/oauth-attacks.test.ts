import { env } from "cloudflare:workers";
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import * as oauth from "oauth4webapi";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  CALLBACK,
  ISSUER,
  type TestClient,
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
import { PASSWORD, linksTo, newBrowser, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

async function introspect({ client, auth }: TestClient, token: string): Promise<oauth.IntrospectionResponse> {
  const as = await discover();
  const response = await oauth.introspectionRequest(as, client, auth, token, overWorker);
  return await oauth.processIntrospectionResponse(as, client, response);
}

async function revoke({ client, auth }: TestClient, token: string): Promise<void> {
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(await discover(), client, auth, token, overWorker),
  );
}

const errorOf = async (response: Response): Promise<unknown> => [
  response.status,
  (await response.json<{ error: string }>()).error,
];

/** Tokens that look like this one but are signed by no key of ours. */
async function forgeriesOf(token: string): Promise<[string, string][]> {
  const claims = decodeJwt(token);
  const { kid = "" } = decodeProtectedHeader(token);
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const keys = z.object({ keys: z.array(z.looseObject({ kid: z.string(), x: z.string() })) });
  const published = keys.parse(await (await call("GET", "/auth/jwks")).json()).keys.find((key) => key.kid === kid);
  const header = { typ: "at+jwt", alg: "EdDSA" };
  const unsigned = new UnsecuredJWT(claims).encode();
  const hmacKey = new TextEncoder().encode(published?.x ?? "");
  return [
    ["a foreign kid", await new SignJWT(claims).setProtectedHeader({ ...header, kid: "foreign" }).sign(privateKey)],
    [
      "a known kid and a foreign key",
      await new SignJWT(claims).setProtectedHeader({ ...header, kid }).sign(privateKey),
    ],
    ["no kid", await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)],
    [
      "a key of its own",
      await new SignJWT(claims).setProtectedHeader({ ...header, jwk: await exportJWK(publicKey) }).sign(privateKey),
    ],
    ["alg none", unsigned],
    [
      "alg none and a known kid",
      `${btoa(JSON.stringify({ alg: "none", typ: "at+jwt", kid })).replaceAll("=", "")}.${unsigned.split(".")[1] ?? ""}.`,
    ],
    [
      "HS256 with the public key",
      await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid }).sign(hmacKey),
    ],
    [
      "a changed payload",
      token.replace(
        /\.[^.]+\./,
        `.${btoa(JSON.stringify({ ...claims, permissions: ["keys:write"] })).replaceAll("=", "")}.`,
      ),
    ],
    ["garbage", "eyJ.eyJ.x"],
  ];
}

describe("a forged token", () => {
  test("is refused by the API and by user information, and inactive to who introspects it", async () => {
    const { ada, client } = await newParty();
    const { access_token: token } = await logIn(ada, client);
    expect(await introspect(client, token)).toMatchObject({ active: true });
    for (const [how, forged] of await forgeriesOf(token)) {
      const refused = await callWith(forged, "GET", "/v1/models");
      expect([how, refused.status]).toEqual([how, 401]);
      expect([how, await introspect(client, forged)]).toEqual([how, { active: false }]);
      const as = await discover();
      const info = await call("GET", new URL(as.userinfo_endpoint ?? "").pathname, {
        origin: ISSUER,
        headers: { Authorization: `Bearer ${forged}` },
      });
      expect([how, info.status]).toEqual([how, 401]);
      await revoke(client, forged);
    }
    expect((await callWith(token, "GET", "/v1/models")).status).toBe(200);
  });

  test("is not made of an ID token, nor of a token for another audience", async () => {
    const { ada, client } = await newParty();
    const { id_token: idToken = "" } = await logIn(ada, client);
    await expectProblem(await callWith(idToken, "GET", "/v1/models"), 401, "invalid-token");
    expect(await introspect(client, idToken)).toEqual({ active: false });
    const resource = `${ISSUER}/auth/oauth2/userinfo`;
    const other = await logIn(ada, client, { resource });
    expect(decodeJwt(other.access_token).aud).toBe(resource);
    await expectProblem(await callWith(other.access_token, "GET", "/v1/models"), 401, "invalid-token");
  });

  test("is not to be had for a resource that there is not", async () => {
    const { ada, client } = await newParty();
    const asked = await askForCode(await discover(), client, { resource: "https://other.example.com" });
    expect((await visit(ada, asked.path)).searchParams.get("error")).toBe("invalid_target");
  });
});

describe("a token of another tenant", () => {
  test("is nothing to a client of this one: not to introspect, not to revoke", async () => {
    const [{ ada, client }, stranger] = [await newParty(), await newClient(await newTenant())];
    const { access_token: token, refresh_token: refreshToken = "" } = await logIn(ada, client);
    expect(await introspect(stranger, token)).toEqual({ active: false });
    expect(await introspect(stranger, refreshToken)).toEqual({ active: false });
    await revoke(stranger, token);
    await revoke(stranger, refreshToken);
    expect((await callWith(token, "GET", "/v1/models")).status).toBe(200);
    expect(await errorOf(await refresh(stranger, refreshToken))).toEqual([400, "invalid_grant"]);
    expect((await refresh(client, refreshToken)).status).toBe(200);
  });

  test("opens its own tenant and none besides", async () => {
    const [{ ada, client }, other] = [await newParty("owner"), await newTenant()];
    await other.call("POST", "/v1/models", { json: { name: "private-model" } });
    const { access_token: token } = await logIn(ada, client);
    await expectProblem(await callWith(token, "GET", "/v1/models/private-model"), 404, "model-not-found");
  });
});

describe("a replayed code", () => {
  test.each(["openid offline_access models:read", "models:read"])(
    "for %s is refused, and voids what it was exchanged for",
    async (scope) => {
      const { ada, client } = await newParty();
      const as = await discover();
      const asked = await askForCode(as, client, { scope });
      const callback = await consent(ada, await visit(ada, asked.path));
      const first = await exchange(as, client, asked, callback);
      const tokens = await first.json<{ access_token: string; refresh_token?: string }>();
      expect((await callWith(tokens.access_token, "GET", "/v1/models")).status).toBe(200);
      expect(await errorOf(await exchange(as, client, asked, callback))).toEqual([400, "invalid_grant"]);
      await expectProblem(await callWith(tokens.access_token, "GET", "/v1/models"), 401, "credential-void");
      if (tokens.refresh_token === undefined) return;
      expect(await errorOf(await refresh(client, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    },
  );

  test("is refused to another client, at whose word nothing is voided", async () => {
    const { tenant, ada, client } = await newParty();
    const thief = await newClient(tenant);
    const as = await discover();
    const asked = await askForCode(as, client);
    const callback = await consent(ada, await visit(ada, asked.path));
    const tokens = await (await exchange(as, client, asked, callback)).json<{ access_token: string }>();
    const stolen = await exchange(as, thief, asked, callback);
    expect(stolen.status).toBe(400);
    expect((await callWith(tokens.access_token, "GET", "/v1/models")).status).toBe(200);
  });
});

describe("a replayed refresh token", () => {
  test("ends the family: its successor is refused, and the access tokens of all of it are void", async () => {
    const { tenant, ada, client } = await newParty();
    const first = await logIn(ada, client);
    const second = await (
      await refresh(client, first.refresh_token)
    ).json<{ access_token: string; refresh_token: string }>();
    expect((await callWith(second.access_token, "GET", "/v1/models")).status).toBe(200);
    expect(await errorOf(await refresh(client, first.refresh_token))).toEqual([400, "invalid_grant"]);
    for (const { access_token: token } of [first, second]) {
      await expectProblem(await callWith(token, "GET", "/v1/models"), 401, "credential-void");
      expect(await introspect(client, token)).toEqual({ active: false });
    }
    expect(await errorOf(await refresh(client, second.refresh_token))).toEqual([400, "invalid_grant"]);
    const acts = await env.DB.prepare("SELECT act FROM audit_events WHERE tenant_id = ? AND act = 'token.reused'")
      .bind(tenant.id)
      .all();
    expect(acts.results).toHaveLength(1);
    // who is logged in stays so, and gets new tokens
    expect((await callWith(await tokenOf(ada, tenant.id), "GET", "/v1/models")).status).toBe(200);
  });

  test("is not a way to end a stranger's family", async () => {
    const [{ ada, client }, stranger] = [await newParty(), await newClient(await newTenant())];
    const first = await logIn(ada, client);
    const second = await (await refresh(client, first.refresh_token)).json<{ access_token: string }>();
    expect((await refresh(stranger, first.refresh_token)).status).toBe(400);
    expect((await callWith(second.access_token, "GET", "/v1/models")).status).toBe(200);
  });
});

describe("who was removed from the tenant", () => {
  test("refreshes nothing, and gets no tokens for a code", async () => {
    const { ada, client } = await newParty();
    const tokens = await logIn(ada, client);
    const as = await discover();
    const asked = await askForCode(as, client);
    const callback = await visit(ada, asked.path);
    await env.DB.prepare("DELETE FROM members WHERE user_id = ?").bind(ada.id).run();
    expect(await errorOf(await refresh(client, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await errorOf(await exchange(as, client, asked, callback))).toEqual([400, "invalid_grant"]);
  });

  test("holds tokens that introspection calls inactive, once the cell has voided them", async () => {
    const { tenant, ada, client } = await newParty();
    const { access_token: token } = await logIn(ada, client);
    await env.TENANT_CELL.getByName(tenant.id).refuseBefore("user", ada.id, Date.now() + 1);
    expect(await introspect(client, token)).toEqual({ active: false });
  });
});

describe("revocation", () => {
  test("of an access token voids it and no other, and says nothing of what it can't find", async () => {
    const { ada, client } = await newParty();
    const [one, other] = [await logIn(ada, client), await logIn(ada, client, { prompt: "consent" })];
    await revoke(client, one.access_token);
    await revoke(client, "nothing");
    await expectProblem(await callWith(one.access_token, "GET", "/v1/models"), 401, "credential-void");
    expect(await introspect(client, one.access_token)).toEqual({ active: false });
    expect((await callWith(other.access_token, "GET", "/v1/models")).status).toBe(200);
  });

  test("of a refresh token voids the access tokens that came with it", async () => {
    const { ada, client } = await newParty();
    const tokens = await logIn(ada, client);
    expect(await introspect(client, tokens.refresh_token ?? "")).toMatchObject({ active: true });
    await revoke(client, tokens.refresh_token ?? "");
    await expectProblem(await callWith(tokens.access_token, "GET", "/v1/models"), 401, "credential-void");
    expect(await errorOf(await refresh(client, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await introspect(client, tokens.refresh_token ?? "")).toEqual({ active: false });
  });

  test("and introspection are for who knows the client's secret", async () => {
    const { ada, client } = await newParty();
    const { access_token: token } = await logIn(ada, client);
    const as = await discover();
    const wrong = oauth.ClientSecretBasic("wrong");
    for (const ask of [oauth.introspectionRequest, oauth.revocationRequest]) {
      expect((await ask(as, client.client, wrong, token, overWorker)).status).toBe(401);
    }
    expect((await callWith(token, "GET", "/v1/models")).status).toBe(200);
  });
});

describe("an open redirect", () => {
  test.each([
    "https://evil.example/callback",
    `${CALLBACK}/more`,
    `${CALLBACK}?next=https://evil.example`,
    `${CALLBACK}#fragment`,
    "https://app.example.com.evil.example/callback",
    "https://app.example.com@evil.example/callback",
    "http://app.example.com/callback",
    "javascript:alert(1)",
    "//evil.example",
    "",
  ])("is not to be had by redirect_uri=%s", async (redirectUri) => {
    const { ada, client } = await newParty();
    const asked = await askForCode(await discover(), client, { redirect_uri: redirectUri });
    const response = await ada.call("GET", asked.path);
    const target = new URL(response.headers.get("Location") ?? "/", ISSUER);
    expect([target.origin, response.status < 500]).toEqual([ISSUER, true]);
    expect(target.searchParams.has("code")).toBe(false);
  });

  test.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])(
    "is not to be had by callbackURL=%s",
    async (callbackURL) => {
      const browser = newBrowser({}, ISSUER);
      const email = `${crypto.randomUUID()}@example.com`;
      const wish = { name: "Ada", email, password: PASSWORD };
      expect((await browser.call("POST", "/auth/sign-up/email", { ...wish, callbackURL })).status).toBe(403);
      await browser.call("POST", "/auth/sign-up/email", wish);
      const [link = ""] = await linksTo(email);
      const url = new URL(link);
      url.searchParams.set("callbackURL", callbackURL);
      expect((await browser.call("GET", url.pathname + url.search)).status).toBe(403);
      expect((await browser.call("POST", "/auth/sign-in/email", { ...wish, callbackURL })).status).toBe(403);
    },
  );

  test("is not to be had by changing the page's own query", async () => {
    const { ada, client } = await newParty();
    const page = await visit(ada, (await askForCode(await discover(), client)).path);
    page.searchParams.set("redirect_uri", "https://evil.example");
    const answer = await ada.call("POST", "/auth/oauth2/consent", { accept: true, oauth_query: page.search.slice(1) });
    expect(answer.status).toBe(400);
  });
});

test("nobody registers a client at the authorization server itself", async () => {
  const { ada } = await newParty("owner");
  for (const path of ["register", "create-client", "update-client", "delete-client", "client/rotate-secret"]) {
    const answer = await ada.call("POST", `/auth/oauth2/${path}`, { redirect_uris: ["https://evil.example"] });
    expect([path, answer.status]).toEqual([path, 404]);
  }
  const admin = await ada.call("POST", "/auth/admin/oauth2/create-client", { redirect_uris: ["https://evil.example"] });
  expect(admin.status).toBe(404);
});
