import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import { describe, expect, test } from "vitest";
import { API_AUDIENCE } from "../../src/identity/access-tokens.ts";
import {
  CLI_CLIENT_ID,
  ISSUER,
  type TestClient,
  callWith,
  discover,
  memberOf,
  newClient,
  overWorker,
  refresh,
} from "../support/oauth.ts";
import { type Person, addMember, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

const CLI: TestClient = { client: { client_id: CLI_CLIENT_ID }, auth: oauth.None(), secret: "" };

/** A device that has asked, and shows its code. */
async function ask({ client, auth }: TestClient = CLI): Promise<oauth.DeviceAuthorizationResponse> {
  const as = await discover();
  const wish = { scope: "offline_access models:read members:write" };
  const response = await oauth.deviceAuthorizationRequest(as, client, auth, wish, overWorker);
  return await oauth.processDeviceAuthorizationResponse(as, client, response);
}

/** What the person does on the page that the device names. */
async function decide(person: Person, code: string, verdict: "approve" | "deny" = "approve"): Promise<Response> {
  const seen = await person.call("GET", `/auth/device?user_code=${code}`);
  expect(seen.status).toBe(200);
  return await person.call("POST", `/auth/device/${verdict}`, { userCode: code });
}

/** Ask whether the person has decided; the device doesn't wait for its turn. */
async function poll({ device_code: code }: oauth.DeviceAuthorizationResponse, by: TestClient = CLI): Promise<Response> {
  await env.DB.prepare("UPDATE device_codes SET last_polled_at = NULL WHERE device_code = ?").bind(code).run();
  return await oauth.deviceCodeGrantRequest(await discover(), by.client, by.auth, code, overWorker);
}

async function redeem(device: oauth.DeviceAuthorizationResponse): Promise<oauth.TokenEndpointResponse> {
  return await oauth.processDeviceCodeResponse(await discover(), CLI.client, await poll(device));
}

const errorOf = async (response: Response): Promise<unknown> => [
  response.status,
  (await response.json<{ error: string }>()).error,
];

describe("the device flow", () => {
  test("logs the command line into the tenant that the person works in, as far as their roles allow", async () => {
    const tenant = await newTenant();
    const ada = await memberOf(tenant, "developer");
    const device = await ask();
    expect(device.verification_uri).toBe(`${ISSUER}/device`);
    expect(await errorOf(await poll(device))).toEqual([400, "authorization_pending"]);
    expect((await decide(ada, device.user_code)).status).toBe(200);
    const tokens = await redeem(device);
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      sub: ada.id,
      tid: tenant.id,
      aud: API_AUDIENCE,
      client_id: CLI_CLIENT_ID,
      roles: ["developer"],
      permissions: ["models:read"],
      sid: expect.stringMatching(/^ses_/),
      jti: expect.any(String),
    });
    expect((await callWith(tokens.access_token, "GET", "/v1/models")).status).toBe(200);
    const again = await refresh(CLI, tokens.refresh_token);
    const renewed = await again.json<{ access_token: string }>();
    expect(decodeJwt(renewed.access_token)).toMatchObject({ tid: tenant.id, sid: claims["sid"] });
  });

  test("is a log-in of its own, which the person can end: its tokens are void, and are not refreshed", async () => {
    const tenant = await newTenant();
    const ada = await memberOf(tenant, "developer");
    const device = await ask();
    await decide(ada, device.user_code);
    const tokens = await redeem(device);
    const { sid } = decodeJwt(tokens.access_token);
    const sessions = await (await ada.call("GET", "/auth/list-sessions")).json<{ id: string; token: string }[]>();
    const { token = "" } = sessions.find(({ id }) => id === sid) ?? {};
    expect((await ada.call("POST", "/auth/revoke-session", { token })).status).toBe(200);
    await expectProblem(await callWith(tokens.access_token, "GET", "/v1/models"), 401, "credential-void");
    expect(await errorOf(await refresh(CLI, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await (await ada.call("GET", "/auth/get-session")).json()).toMatchObject({ user: { id: ada.id } });
  });

  test("ends by itself, however often it is refreshed", async () => {
    const ada = await memberOf(await newTenant(), "developer");
    const device = await ask();
    await decide(ada, device.user_code);
    const tokens = await redeem(device);
    const { sid } = decodeJwt(tokens.access_token);
    await env.DB.prepare("UPDATE sessions SET expires_at = ? WHERE id = ?").bind(Date.now(), sid).run();
    expect(await errorOf(await refresh(CLI, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
  });

  test("lets nobody in whom the person refused", async () => {
    const ada = await memberOf(await newTenant(), "developer");
    const device = await ask();
    expect((await decide(ada, device.user_code, "deny")).status).toBe(200);
    expect(await errorOf(await poll(device))).toEqual([400, "access_denied"]);
  });

  test("asks who belongs to several tenants to choose one first", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const ada = await memberOf(tenant, "developer");
    await addMember(other.id, ada, "viewer");
    const device = await ask();
    expect(await errorOf(await decide(ada, device.user_code))).toEqual([403, "access_denied"]);
    await ada.call("POST", "/auth/session-tenant", { tenant_id: other.id });
    expect((await decide(ada, device.user_code)).status).toBe(200);
    expect(decodeJwt((await redeem(device)).access_token)).toMatchObject({ tid: other.id });
  });

  test("gives tokens for a code once", async () => {
    const ada = await memberOf(await newTenant(), "developer");
    const device = await ask();
    await decide(ada, device.user_code);
    await redeem(device);
    expect(await errorOf(await poll(device))).toEqual([400, "invalid_grant"]);
  });

  test("gives nothing to another client, nor to who was removed meanwhile", async () => {
    const tenant = await newTenant();
    const ada = await memberOf(tenant, "developer");
    const device = await ask();
    await decide(ada, device.user_code);
    const thief = await newClient(tenant, {
      redirect_uris: [],
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code"],
      scopes: ["models:read", "offline_access"],
      token_endpoint_auth_method: "none",
    });
    const stolen = await poll(device, thief);
    expect(stolen.status).toBe(400);
    await env.DB.prepare("DELETE FROM members WHERE user_id = ?").bind(ada.id).run();
    expect(await errorOf(await poll(device))).toEqual([400, "access_denied"]);
  });

  test("lets a tenant's own client into that tenant alone", async () => {
    const owner = await newTenant();
    const client = await newClient(owner, {
      redirect_uris: [],
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code"],
      scopes: ["models:read", "members:write", "offline_access"],
    });
    const ada = await memberOf(await newTenant(), "developer");
    const device = await ask(client);
    expect(await errorOf(await decide(ada, device.user_code))).toEqual([403, "access_denied"]);
  });

  test("lets nobody approve for who is not logged in, or what somebody else is looking at", async () => {
    const [ada, bob] = [await memberOf(await newTenant(), "owner"), await newPerson("Bob", ISSUER)];
    const device = await ask();
    await ada.call("GET", `/auth/device?user_code=${device.user_code}`);
    expect((await bob.call("POST", "/auth/device/approve", { userCode: device.user_code })).status).toBe(403);
    expect(await errorOf(await poll(device))).toEqual([400, "authorization_pending"]);
  });
});
