import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { addEntries } from "../support/ledger.ts";
import { addOneModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type AppRoute, allRoutes, fillPath } from "../support/routes.ts";
import { type CallOptions, type TestTenant, call, newTenant } from "../support/tenant.ts";

/** All that may be called without credentials. Everything else must be guarded: a new route is, or stands here. */
const PUBLIC = [
  "GET /v2",
  "GET /v2/health/live",
  "GET /v2/health/ready",
  "GET /errors/:code",
  "GET /openapi.json",
  "GET /files/:link",
  // better-auth has guards of its own: who logs in has no credentials yet
  "GET /auth/*",
  "POST /auth/*",
  // what clients of the authorization server read first
  "GET /.well-known/openid-configuration",
  "GET /.well-known/oauth-authorization-server",
  "GET /auth/jwks",
  // Only where e-mail is kept instead of sent: test/email/outbox.routes.test.ts shows that they are 404 elsewhere.
  "GET /dev/outbox",
  "GET /dev/outbox.json",
  "GET /dev/outbox/:number",
];

const nameOf = ({ method, path }: AppRoute): string => `${method} ${path}`;
const named = (routes: AppRoute[]): [string, AppRoute][] => routes.map((route) => [nameOf(route), route]);

const guarded = allRoutes().filter((route) => !PUBLIC.includes(nameOf(route)));
const ofOperators = guarded.filter((route) => route.path.startsWith("/admin"));
const ofTenants = guarded.filter((route) => !ofOperators.includes(route));

const anything = {
  model: "m",
  version: "1",
  alias: "a",
  key_id: "key_1",
  tenant_id: "ten_1",
  entry_id: "ent_1",
  client_id: "cli_1",
};

/** Call a route with these credentials and nothing else. */
async function knock({ method, path }: AppRoute, token?: string): Promise<Response> {
  return await call(method, fillPath(path, anything), {
    ...(token !== undefined && { headers: { Authorization: `Bearer ${token}` } }),
  });
}

/** A key with its last character changed, so that its checksum is wrong. */
function mistype(key: string): string {
  return key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
}

test("the list of public routes holds routes of the app only", () => {
  expect(allRoutes().map(nameOf)).toEqual(expect.arrayContaining(PUBLIC));
});

describe.each(named(guarded))("%s", (_name, route) => {
  test("is refused without credentials", async () => {
    const response = await knock(route);
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate"');
    await expectProblem(response, 401, "missing-credentials");
  });

  test("is refused to a live key with a character mistyped", async () => {
    const tenant = await newTenant();
    const response = await knock(route, mistype(tenant.key));
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
    await expectProblem(response, 401, "invalid-key");
  });

  test("is refused to a well-formed key that was never issued", async () => {
    const tenant = await newTenant();
    const response = await knock(route, newApiKey(tenant.id, "live"));
    await expectProblem(response, 401, "invalid-key");
  });
});

describe.each(named(ofOperators))("%s", (_name, route) => {
  test("is refused to a tenant's key of all scopes", async () => {
    const tenant = await newTenant();
    await expectProblem(await knock(route, tenant.key), 401, "invalid-key");
  });
});

describe.each(named(ofTenants))("%s", (_name, route) => {
  test("is refused to the operator, who has no tenant", async () => {
    await expectProblem(await knock(route, env.ADMIN_TOKEN), 401, "invalid-key");
  });
});

describe.each(named(ofTenants.filter((route) => route.path.includes(":"))))("%s", (_name, route) => {
  test("is 404 with another tenant's ids, and changes nothing of theirs", async () => {
    const [owner, stranger] = [await newTenant(), await newTenant()];
    await deploy(owner, "private-model");
    await upload(owner, "private-model", addOneModel());
    const [entryId = ""] = await addEntries(owner, "private-model", 1);
    const own = { key_id: await firstKeyId(owner), entry_id: entryId, client_id: await newClientId(owner) };
    const ids = { model: "private-model", version: "2", alias: "production", ...own };
    const before = await everythingOf(owner);
    const response = await stranger.call(route.method, fillPath(route.path, ids), bodyFor(route));
    expect(response.status).toBe(404);
    expect(await everythingOf(owner)).toEqual(before);
  });
});

/** A body that the route takes, so that nothing but the ids is at fault. */
function bodyFor({ method, path }: AppRoute): CallOptions {
  if (path.endsWith("/infer")) return { json: addOneRequest };
  if (path.endsWith("/backends")) return { json: { url: "https://triton.example.com", model: "m" } };
  if (path.endsWith("/traffic") && method === "PUT") return { json: { weights: { "2": 100 } } };
  if (path.startsWith("/v2/repository/")) return { json: {} };
  if (path.endsWith("/promote")) return { json: { version: 2 } };
  if (method === "PUT") return { json: { version: 2 } };
  if (path.startsWith("/v1/clients") && method === "PATCH") return { json: { name: "taken over" } };
  if (method !== "POST") return {};
  return { body: addOneModel(), headers: { "Content-Type": "application/octet-stream" } };
}

async function firstKeyId(tenant: TestTenant): Promise<string> {
  const keys: { data: { id: string }[] } = await (await tenant.call("GET", "/v1/keys")).json();
  return keys.data[0]?.id ?? "";
}

async function newClientId(tenant: TestTenant): Promise<string> {
  const wish = { name: "Job", grant_types: ["client_credentials"], scopes: ["models:read"] };
  return (await (await tenant.call("POST", "/v1/clients", { json: wish })).json<{ client_id: string }>()).client_id;
}

/** All that a tenant can see of its own, its usage summed up without the time of the question. */
async function everythingOf(tenant: TestTenant): Promise<unknown> {
  const read = async (path: string): Promise<unknown> => await (await tenant.call("GET", path)).json();
  const usage: { total: unknown } = await (await tenant.call("GET", "/v1/usage")).json();
  return [
    await read("/v1/keys"),
    await read("/v1/clients"),
    await read("/v1/models"),
    await read("/v1/models/private-model"),
    usage.total,
  ];
}
