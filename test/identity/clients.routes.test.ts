import { env } from "cloudflare:workers";
import * as oauth from "oauth4webapi";
import { describe, expect, test } from "vitest";
import {
  CALLBACK,
  ISSUER,
  callWith,
  discover,
  logIn,
  memberOf,
  newClient,
  newParty,
  overWorker,
  refresh,
} from "../support/oauth.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const MACHINE = {
  name: "Nightly job",
  redirect_uris: [],
  grant_types: ["client_credentials"],
  scopes: ["models:read"],
};
const APP = { name: "App", redirect_uris: [CALLBACK], grant_types: ["authorization_code"], scopes: ["openid"] };

type Client = { client_id: string; client_secret?: string; created_by: string; disabled: boolean; scopes: string[] };

async function register(tenant: TestTenant, wish: object = MACHINE): Promise<Client> {
  const made = await tenant.call("POST", "/v1/clients", { json: wish });
  expect(made.status, await made.clone().text()).toBe(201);
  return await made.json();
}

/** Ask for a token with a client's secret, and give what the server answered. */
async function grab({ client_id: id, client_secret: secret = "" }: Client): Promise<Response> {
  const client = { client_id: id };
  return await oauth.clientCredentialsGrantRequest(
    await discover(),
    client,
    oauth.ClientSecretBasic(secret),
    {},
    overWorker,
  );
}

async function tokenFor(client: Client): Promise<string> {
  const answer = await grab(client);
  expect(answer.status, await answer.clone().text()).toBe(200);
  return (await answer.json<{ access_token: string }>()).access_token;
}

describe("registering a client", () => {
  test("shows its secret this once, and keeps its SHA-256", async () => {
    const tenant = await newTenant();
    const { client_secret: secret = "", ...client } = await register(tenant);
    expect(secret).toMatch(/^tg_secret_[0-9a-hjkmnp-tv-z]{52}$/);
    const list = await (await tenant.call("GET", "/v1/clients")).json();
    expect(list).toEqual({ data: [client], next: null });
    expect(await (await tenant.call("GET", `/v1/clients/${client.client_id}`)).json()).toEqual(client);
    const row = await env.DB.prepare("SELECT * FROM oauth_clients WHERE client_id = ?").bind(client.client_id).first();
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
    expect(row).toMatchObject({
      client_secret: Buffer.from(digest).toString("base64url"),
      reference_id: tenant.id,
      skip_consent: null,
    });
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  test("gives a public client no secret", async () => {
    const client = await register(await newTenant(), { ...APP, token_endpoint_auth_method: "none" });
    expect(client).not.toHaveProperty("client_secret");
  });

  test("gives it no permission that its maker lacks", async () => {
    const tenant = await newTenant({ scopes: ["clients:write", "models:read"] });
    const wish = { ...MACHINE, scopes: ["models:read", "keys:write"] };
    const refused = await expectProblem(
      await tenant.call("POST", "/v1/clients", { json: wish }),
      403,
      "insufficient-scope",
    );
    expect(refused).toMatchObject({ required: ["keys:write"] });
  });

  test.each([
    [{ ...APP, redirect_uris: ["http://app.example.com/callback"] }, "redirect_uris.0"],
    [{ ...APP, redirect_uris: [`${CALLBACK}#there`] }, "redirect_uris.0"],
    [{ ...APP, redirect_uris: ["https://user@app.example.com"] }, "redirect_uris.0"],
    [{ ...APP, redirect_uris: ["https://*.example.com"] }, "redirect_uris.0"],
    [{ ...APP, redirect_uris: ["javascript:alert(1)"] }, "redirect_uris.0"],
    [{ ...APP, redirect_uris: [] }, "redirect_uris"],
    [{ ...APP, scopes: ["tenants:write:platform"] }, "scopes.0"],
    [{ ...APP, grant_types: ["password"] }, "grant_types.0"],
    [{ ...APP, skip_consent: true }, "body"],
    [{ ...MACHINE, scopes: ["openid"] }, "scopes"],
    [{ ...MACHINE, token_endpoint_auth_method: "none" }, "token_endpoint_auth_method"],
    [{ ...MACHINE, grant_types: ["refresh_token"] }, "grant_types"],
  ])("refuses %j and names %s", async (wish, field) => {
    const answer = await (await newTenant()).call("POST", "/v1/clients", { json: wish });
    const problem = await expectProblem(answer, 400, "invalid-request");
    expect(problem["errors"]).toContainEqual({ field, message: expect.any(String) });
  });

  test.each(["http://127.0.0.1:8123/cb", "http://[::1]/cb", "http://localhost/cb"])("takes %s", async (uri) => {
    expect(await register(await newTenant(), { ...APP, redirect_uris: [uri] })).toMatchObject({ redirect_uris: [uri] });
  });
});

describe("a client's secret", () => {
  test("is good for nothing once there is another, nor is what was got with it", async () => {
    const tenant = await newTenant();
    const before = await register(tenant);
    const token = await tokenFor(before);
    expect((await callWith(token, "GET", "/v1/models")).status).toBe(200);
    const rotated = await tenant.call("POST", `/v1/clients/${before.client_id}/secret`);
    const after = await rotated.json<Client>();
    await expectProblem(await callWith(token, "GET", "/v1/models"), 401, "credential-void");
    expect((await grab(before)).status).toBe(401);
    expect((await callWith(await tokenFor(after), "GET", "/v1/models")).status).toBe(200);
  });

  test("is not for who may do less than the client", async () => {
    const tenant = await newTenant();
    const { client_id: id } = await register(tenant, { ...MACHINE, scopes: ["models:write"] });
    const clerk = await newTenant({ scopes: ["clients:write"] });
    await env.DB.prepare("UPDATE oauth_clients SET reference_id = ? WHERE client_id = ?").bind(clerk.id, id).run();
    for (const [method, path, json] of [
      ["POST", `/v1/clients/${id}/secret`, undefined],
      ["PATCH", `/v1/clients/${id}`, { redirect_uris: [] }],
    ] as const) {
      const answer = await clerk.call(method, path, json && { json });
      await expectProblem(answer, 403, "insufficient-scope");
    }
    expect((await clerk.call("PATCH", `/v1/clients/${id}`, { json: { disabled: true } })).status).toBe(200);
  });
});

describe("a client that is disabled or deleted", () => {
  test.each([
    ["PATCH", { json: { disabled: true } }, 200],
    ["DELETE", {}, 204],
  ] as const)(
    "by %s gets no tokens, and those that it has are void in every tenant",
    async (method, options, status) => {
      const { tenant, ada, client } = await newParty();
      const stranger = await memberOf(await newTenant(), "developer");
      const [own, foreign] = [await logIn(ada, client), await logIn(stranger, client)];
      for (const { access_token: token } of [own, foreign]) {
        expect((await callWith(token, "GET", "/v1/models")).status).toBe(200);
      }
      const path = `/v1/clients/${client.client.client_id}`;
      expect((await tenant.call(method, path, options)).status).toBe(status);
      for (const { access_token: token, refresh_token: refreshToken } of [own, foreign]) {
        await expectProblem(await callWith(token, "GET", "/v1/models"), 401, "credential-void");
        const refused = await (await refresh(client, refreshToken)).json();
        // of a client that is gone, the refresh tokens are gone too
        expect(refused).toMatchObject({ error: method === "DELETE" ? "invalid_grant" : "invalid_client" });
      }
      const gone = await tenant.call("DELETE", path);
      expect(gone.status).toBe(method === "DELETE" ? 404 : 204);
    },
  );

  test("leaves a trail of who did it, without the secret", async () => {
    const tenant = await newTenant();
    const { client_id: id, client_secret: secret = "" } = await register(tenant);
    await tenant.call("PATCH", `/v1/clients/${id}`, { json: { name: "Renamed" } });
    await tenant.call("POST", `/v1/clients/${id}/secret`);
    await tenant.call("DELETE", `/v1/clients/${id}`);
    const { results } = await env.DB.prepare("SELECT * FROM audit_events WHERE target_id = ? ORDER BY id")
      .bind(id)
      .all();
    const acts = ["client.created", "client.changed", "client.secret_rotated", "client.deleted"];
    expect(new Set(results.map(({ act }) => act))).toEqual(new Set(acts));
    expect(JSON.stringify(results)).not.toContain(secret);
  });
});

describe("who may only manage their own clients", () => {
  test("sees, changes and deletes no others", async () => {
    const tenant = await newTenant();
    const ada = await newPerson();
    const grants = JSON.stringify(["clients:read:own", "clients:write:own", "models:read"]);
    await env.DB.prepare(
      "INSERT INTO roles (id, tenant_id, name, description, grants, created_at_ms) VALUES (?, ?, ?, '', ?, 0)",
    )
      .bind(`rol_${tenant.id}`, tenant.id, "integrator", grants)
      .run();
    await addMember(tenant.id, ada, "integrator");
    const token = await tokenOf(ada, tenant.id);
    const asAda = async (method: string, path: string, json?: object) =>
      await tenant.call(method, path, { headers: { Authorization: `Bearer ${token}` }, ...(json && { json }) });
    const others = await register(tenant);
    const own = await (await asAda("POST", "/v1/clients", MACHINE)).json<Client>();
    expect(own.created_by).toBe(ada.id);
    const list = await (await asAda("GET", "/v1/clients")).json<{ data: Client[] }>();
    expect(list.data.map(({ client_id: id }) => id)).toEqual([own.client_id]);
    for (const [method, path, json] of [
      ["GET", "", undefined],
      ["PATCH", "", { disabled: true }],
      ["POST", "/secret", undefined],
      ["DELETE", "", undefined],
    ] as const) {
      await expectProblem(await asAda(method, `/v1/clients/${others.client_id}${path}`, json), 404, "client-not-found");
    }
    expect((await asAda("DELETE", `/v1/clients/${own.client_id}`)).status).toBe(204);
  });
});

test("what a person takes back from a client is void at once", async () => {
  const { ada, client } = await newParty();
  const tokens = await logIn(ada, client);
  const [consent] = await (await ada.call("GET", "/auth/oauth2/get-consents")).json<{ id: string }[]>();
  expect((await ada.call("POST", "/auth/oauth2/delete-consent", { id: consent?.id })).status).toBe(200);
  await expectProblem(await callWith(tokens.access_token, "GET", "/v1/models"), 401, "credential-void");
  expect((await refresh(client, tokens.refresh_token)).status).toBe(400);
});

test("a secret is shown in the way that the client is registered for, and in no other", async () => {
  const tenant = await newTenant();
  const { client, secret } = await newClient(tenant, { ...MACHINE, token_endpoint_auth_method: "client_secret_post" });
  const as = await discover();
  const posted = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretPost(secret), {}, overWorker);
  expect(posted.status).toBe(200);
  const basic = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(secret), {}, overWorker);
  expect(basic.status).toBe(401);
  expect(as.issuer).toBe(ISSUER);
});
