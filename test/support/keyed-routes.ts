import { env } from "cloudflare:workers";
import { furnishMembers, placeBelow, seatAll } from "./members.ts";
import { addModel, addOneRequest, deploy, upload } from "./models.ts";
import { withOutside } from "./outside.ts";
import { type CallOptions, type TestTenant, callAsOperator, newTenant } from "./tenant.ts";

/** A request to a route that changes something, as it succeeds in {@link furnishedTenant}. */
export interface KeyedRoute {
  readonly status: number;
  readonly options?: CallOptions;
  /** What must be so before it. */
  readonly prepare?: (tenant: TestTenant) => Promise<unknown>;
}

const CLIENT = { name: "Job", grant_types: ["client_credentials"], scopes: ["models:read"] };
const SERVER = { name: "resnet", platform: "onnxruntime_onnx", ...signature() };

/** A request to each route whose guard reads the key. Whoever adds a route that changes something adds it here. */
export const KEYED_ROUTES: Readonly<Record<string, KeyedRoute>> = {
  "POST /v2/models/:model/infer": { status: 200, options: { json: addOneRequest } },
  "POST /v2/models/:model/versions/:version/infer": { status: 200, options: { json: addOneRequest } },
  "POST /v2/repository/index": { status: 200, options: { json: {} } },
  "POST /v2/repository/models/:model/load": {
    status: 200,
    prepare: async (tenant) => await tenant.call("POST", "/v2/repository/models/m/unload"),
  },
  "POST /v2/repository/models/:model/unload": { status: 200, options: { body: "{}" } },
  "POST /v1/models": { status: 201, options: { json: { name: "other" } } },
  "DELETE /v1/models/:model": { status: 204 },
  "POST /v1/models/:model/versions": { status: 201, options: onnx(addModel(4)) },
  "DELETE /v1/models/:model/versions/:version": { status: 204 },
  "POST /v1/models/:model/versions/:version/retire": { status: 200 },
  "POST /v1/models/:model/versions/:version/reinstate": {
    status: 200,
    prepare: async (tenant) => await tenant.call("POST", "/v1/models/m/versions/3/retire"),
  },
  "POST /v1/models/:model/versions/:version/warmup": { status: 200 },
  "PUT /v1/models/:model/aliases/:alias": { status: 200, options: { json: { version: 3 } } },
  "DELETE /v1/models/:model/aliases/:alias": { status: 204 },
  "PUT /v1/models/:model/traffic": { status: 200, options: { json: { weights: { "1": 50, "2": 50 } } } },
  "DELETE /v1/models/:model/traffic": {
    status: 204,
    prepare: async (tenant) => await tenant.call("PUT", "/v1/models/m/traffic", { json: { weights: { "2": 100 } } }),
  },
  "POST /v1/models/:model/promote": { status: 200, options: { json: { version: 3 } } },
  "POST /v1/models/:model/rollback": {
    status: 200,
    prepare: async (tenant) => await tenant.call("POST", "/v1/models/m/promote", { json: { version: 3 } }),
  },
  "POST /v1/models/:model/backends": {
    status: 201,
    options: { json: { url: "https://triton.example.com", model: "resnet" } },
  },
  "POST /v1/keys": { status: 201, options: { json: { name: "second", scopes: ["models:infer"] } } },
  "PATCH /v1/keys/:key_id": { status: 200, options: { json: { name: "renamed" } } },
  "POST /v1/keys/:key_id/rotate": { status: 201, options: { json: {} } },
  "DELETE /v1/keys/:key_id": { status: 204 },
  "PATCH /v1/organization": { status: 200, options: { json: { name: "renamed" } } },
  "PUT /v1/parent-access": {
    status: 200,
    options: { json: { role: "viewer" } },
    prepare: async (tenant) => await placeBelow(tenant.id, (await newTenant()).id),
  },
  "PATCH /v1/members/:user_id": { status: 200, options: { json: { roles: ["viewer"] } } },
  "DELETE /v1/members/:user_id": { status: 204 },
  "POST /v1/invitations": { status: 201, options: { json: { email: "ada@example.com", roles: ["viewer"] } } },
  "POST /v1/invitations/:invitation_id/resend": { status: 200 },
  "DELETE /v1/invitations/:invitation_id": { status: 204 },
  "POST /v1/roles": { status: 201, options: { json: { name: "reader", grants: ["models:read"] } } },
  "PATCH /v1/roles/:role": { status: 200, options: { json: { description: "changed" } } },
  "DELETE /v1/roles/:role": { status: 204 },
  "POST /v1/teams": { status: 201, options: { json: { name: "another" } } },
  "PATCH /v1/teams/:team_id": { status: 200, options: { json: { name: "renamed" } } },
  "DELETE /v1/teams/:team_id": { status: 204 },
  "PUT /v1/teams/:team_id/members/:user_id": { status: 204 },
  "DELETE /v1/teams/:team_id/members/:user_id": { status: 204, prepare: async (tenant) => await seatAll(tenant.id) },
  "PUT /v1/cors": { status: 200, options: { json: { allowed_origins: ["https://app.example.com"] } } },
  "PUT /v1/security-policy": { status: 200, options: { json: { max_idle_minutes: 60 } } },
  "POST /admin/people/:user_id/suspend": { status: 200 },
  "POST /admin/people/:user_id/reinstate": {
    status: 200,
    prepare: async (tenant) =>
      await env.DB.prepare(
        "UPDATE users SET status = 'suspended' WHERE id IN (SELECT user_id FROM members WHERE tenant_id = ?)",
      )
        .bind(tenant.id)
        .run(),
  },
  "POST /v1/clients": { status: 201, options: { json: CLIENT } },
  "PATCH /v1/clients/:client_id": { status: 200, options: { json: { name: "Nightly job" } } },
  "DELETE /v1/clients/:client_id": { status: 204 },
  "POST /v1/clients/:client_id/secret": { status: 200 },
  "POST /admin/signing-keys/rotate": { status: 201 },
  "POST /admin/tenants": { status: 201, options: { json: { name: "made once" } } },
  "PATCH /admin/tenants/:tenant_id": { status: 200, options: { json: { name: "renamed" } } },
  "POST /admin/tenants/:tenant_id/keys": {
    status: 201,
    options: { json: { name: "another", scopes: ["models:infer"] } },
  },
  "POST /admin/tenants/:tenant_id/credentials/revoke": { status: 200 },
  "POST /admin/usage/reconcile": { status: 200, options: { json: { limit: 1 } } },
};

/** Values for the parameters of every path, as {@link furnishedTenant} has them. */
export interface PathValues {
  readonly [parameter: string]: string;
  readonly tenant_id: string;
  readonly key_id: string;
  readonly client_id: string;
}

/** A tenant with a model "m" of three versions, an alias "spare" that points at the second, a second key, and {@link furnishMembers}. */
export async function furnishedTenant(): Promise<{ tenant: TestTenant; values: PathValues }> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  for (const n of [2, 3]) await upload(tenant, "m", addModel(n));
  await tenant.call("PUT", "/v1/models/m/aliases/spare", { json: { version: 2 } });
  const made = await tenant.call("POST", "/v1/keys", { json: { name: "spare", scopes: ["models:infer"] } });
  const { id }: { id: string } = await made.json();
  const registered = await tenant.call("POST", "/v1/clients", { json: CLIENT });
  const { client_id: clientId }: { client_id: string } = await registered.json();
  const ids = { ...(await furnishMembers(tenant.id)), key_id: id, client_id: clientId, tenant_id: tenant.id };
  return { tenant, values: { ...ids, model: "m", version: "3", alias: "spare" } };
}

/** Call as who may call the route: the operator or the tenant. Servers outside answer as the tenant's own server does. */
export async function callAsOwner(
  tenant: TestTenant,
  method: string,
  path: string,
  options: CallOptions,
): Promise<Response> {
  const answer = (): Response => Response.json(SERVER);
  return await withOutside(answer, async () =>
    path.startsWith("/admin") ? await callAsOperator(method, path, options) : await tenant.call(method, path, options),
  );
}

const REGISTRY_TABLES = [
  "models",
  "versions",
  "aliases",
  "api_keys",
  "credit_grants",
  "members",
  "roles",
  "invitations",
  "teams",
  "team_members",
];

/** Everything that D1 has of a tenant, and how many tenants there are of the name that the walk gives, as JSON. */
export async function registryOf(tenant: TestTenant): Promise<string> {
  const rows = REGISTRY_TABLES.map((table) =>
    env.DB.prepare(`SELECT * FROM ${table} WHERE tenant_id = ? ORDER BY 1, 2, 3`).bind(tenant.id),
  );
  const people = env.DB.prepare(
    "SELECT users.status FROM members JOIN users ON users.id = user_id WHERE tenant_id = ? ORDER BY user_id",
  ).bind(tenant.id);
  const clients = env.DB.prepare("SELECT * FROM oauth_clients WHERE reference_id = ? ORDER BY id").bind(tenant.id);
  const own = env.DB.prepare("SELECT * FROM tenants WHERE id = ?").bind(tenant.id);
  const made = env.DB.prepare("SELECT count(*) AS made FROM tenants WHERE name = 'made once'");
  return JSON.stringify((await env.DB.batch([...rows, people, clients, own, made])).map(({ results }) => results));
}

function onnx(body: Uint8Array<ArrayBuffer>): CallOptions {
  return { body, headers: { "Content-Type": "application/octet-stream" } };
}

function signature() {
  const tensor = { datatype: "FP32", shape: [-1, 2] };
  return { inputs: [{ name: "x", ...tensor }], outputs: [{ name: "y", ...tensor }] };
}
