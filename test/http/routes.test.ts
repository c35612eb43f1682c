import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { addEntries } from "../support/ledger.ts";
import { furnishMembers, placeBelow, rowsOf } from "../support/members.ts";
import { addOneModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
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
  // the report is signed: test/identity/leaks.routes.test.ts shows that no other is believed
  "POST /secret-scanning/alerts",
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

const problemShape = z.looseObject({ code: z.string() });

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
  user_id: "usr_1",
  role: "r",
  team_id: "tea_1",
  invitation_id: "inv_1",
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

/** A route, and which of its parameters name things of another tenant; the others name the caller's own. */
const walk = ofTenants.flatMap((route) => {
  const parameters = [...route.path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  const alone = parameters.length > 1 ? parameters.map((name) => [name]) : [];
  return (parameters.length > 0 ? [parameters, ...alone] : []).map((foreign) => ({ route, foreign }));
});

describe("another tenant's ids", () => {
  let owner: Furnished;
  let stranger: Furnished;
  let credentials: string[];

  beforeAll(async () => {
    owner = await furnish("private-model", 2);
    stranger = await furnish("own-model", 1);
    const person = await newPerson();
    await addMember(stranger.tenant.id, person, "owner");
    credentials = [stranger.tenant.key, await tokenOf(person, stranger.tenant.id)];
  });

  test.each(walk.map(({ route, foreign }) => [nameOf(route), foreign.join(" and "), route, foreign] as const))(
    "%s is 404 with their %s, by key and by token, and changes nothing",
    async (_name, _foreign, route, foreign) => {
      const theirs = new Map(foreign.map((name) => [name, valueOf(owner, name)]));
      const path = fillPath(route.path, { ...stranger.ids, ...Object.fromEntries(theirs) });
      const before = [await everythingOf(owner), await rowsOf(stranger.tenant.id)];
      for (const credential of credentials) {
        const options = bodyFor(route);
        const headers = { ...options.headers, Authorization: `Bearer ${credential}` };
        const response = await call(route.method, path, { ...options, headers });
        const { code } = problemShape.parse(await response.json());
        expect([response.status, code]).toEqual([404, expect.not.stringContaining("route")]);
      }
      expect([await everythingOf(owner), await rowsOf(stranger.tenant.id)]).toEqual(before);
    },
  );

  test("are walked for each parameter of each route, and what they name is there for its owner", async () => {
    const parameters = new Set(walk.flatMap(({ foreign }) => foreign));
    expect(Object.keys(owner.ids).toSorted()).toEqual([...parameters].toSorted());
    for (const name of parameters) expect(valueOf(owner, name), name).not.toBe(valueOf(stranger, name));
    for (const { route } of walk.filter((step) => step.route.method === "GET")) {
      const response = await owner.tenant.call("GET", fillPath(route.path, owner.ids));
      expect(response.status, nameOf(route)).not.toBe(404);
    }
  });
});

/** A tenant with one of everything that a path may name. */
interface Furnished {
  readonly tenant: TestTenant;
  readonly ids: Readonly<Record<string, string>>;
}

/** @param versions  of the model: its last has this number */
async function furnish(model: string, versions: number): Promise<Furnished> {
  const tenant = await newTenant();
  await deploy(tenant, model);
  if (versions > 1) await upload(tenant, model, addOneModel());
  await tenant.call("PUT", `/v1/models/${model}/aliases/alias-of-${model}`, { json: { version: versions } });
  const [entryId = ""] = await addEntries(tenant, model, 1);
  const child = await newTenant();
  await placeBelow(child.id, tenant.id);
  const ids = {
    ...(await furnishMembers(tenant.id)),
    model,
    version: String(versions),
    alias: `alias-of-${model}`,
    key_id: await firstKeyId(tenant),
    entry_id: entryId,
    client_id: await newClientId(tenant),
    tenant_id: child.id,
  };
  return { tenant, ids };
}

async function newClientId(tenant: TestTenant): Promise<string> {
  const json = { name: "Job", grant_types: ["client_credentials"], scopes: ["models:read"] };
  const made: { client_id: string } = await (await tenant.call("POST", "/v1/clients", { json })).json();
  return made.client_id;
}

function valueOf({ ids }: Furnished, name: string): string {
  const value = ids[name];
  if (value === undefined) throw new Error(`No test knows a value for the parameter :${name}.`);
  return value;
}

/** A body that the route takes, so that nothing but the ids is at fault. */
function bodyFor({ method, path }: AppRoute): CallOptions {
  if (path.endsWith("/infer")) return { json: addOneRequest };
  if (path.endsWith("/backends")) return { json: { url: "https://triton.example.com", model: "m" } };
  if (path.endsWith("/traffic") && method === "PUT") return { json: { weights: { "2": 100 } } };
  if (path.startsWith("/v2/repository/") || path.endsWith("/rotate")) return { json: {} };
  if (method === "PATCH") return { json: PATCHES[path] };
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

/** Every row that D1 has of a tenant, and its usage, summed up without the time of the question. */
async function everythingOf({ tenant }: Furnished): Promise<unknown> {
  const usage: { total: unknown } = await (await tenant.call("GET", "/v1/usage")).json();
  return [await rowsOf(tenant.id), usage.total];
}

const PATCHES: Readonly<Record<string, object>> = {
  "/v1/members/:user_id": { roles: ["viewer"] },
  "/v1/roles/:role": { description: "changed" },
  "/v1/teams/:team_id": { name: "changed" },
  "/v1/keys/:key_id": { name: "another" },
  "/v1/clients/:client_id": { name: "another" },
};
