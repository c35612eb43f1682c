import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { TENANT_PERMISSIONS, holds } from "../../src/identity/permissions.rules.ts";
import { type TenantId, newId } from "../../src/shared/ids.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { call, callAsOperator, newKey, newTenant } from "../support/tenant.ts";

const INVALID_TOKEN = 'Bearer realm="tensorgate", error="invalid_token"';

/** One route that asks the cell through a guard, and one that asks it for an inference. */
const ROUTES = [
  ["GET", "/v1/models", {}],
  ["POST", "/v2/models/m/infer", { json: addOneRequest }],
] as const;

describe.each(ROUTES)("%s %s", (method, path, options) => {
  async function knock(authorization: string): Promise<Response> {
    return await call(method, path, { ...options, headers: { Authorization: authorization } });
  }

  test.each(["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token abc", "Bearer a b"])(
    "takes the header %j for no credentials",
    async (authorization) => {
      const response = await knock(authorization);
      expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate"');
      await expectProblem(response, 401, "missing-credentials");
    },
  );

  test("takes the scheme in any case", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    for (const scheme of ["bearer", "BEARER"]) expect((await knock(`${scheme} ${tenant.key}`)).status).toBe(200);
  });

  test("refuses a key that is truncated, mistyped or no key at all", async () => {
    const { key } = await newTenant();
    const mistyped = key.slice(0, 40) + (key[40] === "0" ? "1" : "0") + key.slice(41);
    for (const token of [key.slice(0, -1), key.slice(1), mistyped, "tg_live_", "secret", `${key}0`, "%00"]) {
      const response = await knock(`Bearer ${token}`);
      expect(response.headers.get("WWW-Authenticate")).toBe(INVALID_TOKEN);
      const problem = await expectProblem(response, 401, "invalid-key");
      expect(problem.detail).toContain("malformed");
      expect(problem.detail).not.toContain(token);
    }
  });

  test("refuses a well-formed key that was never issued: of a tenant that exists, and of one that doesn't", async () => {
    const tenant = await newTenant();
    for (const tenantId of [tenant.id, newId("ten", Date.now())]) {
      const response = await knock(`Bearer ${newApiKey(tenantId, "live")}`);
      expect(response.headers.get("WWW-Authenticate")).toBe(INVALID_TOKEN);
      const problem = await expectProblem(response, 401, "invalid-key");
      expect(problem.detail).toContain("not known");
    }
  });

  test("asks nobody about a key with a wrong checksum: its tenant's cell does not come to be", async () => {
    const [mistypedOf, wellFormedOf] = [newId("ten", Date.now()), newId("ten", Date.now())];
    const key = newApiKey(mistypedOf, "live");
    await knock(`Bearer ${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`);
    await knock(`Bearer ${newApiKey(wellFormedOf, "live")}`);
    expect(await hasCell(mistypedOf)).toBe(false);
    expect(await hasCell(wellFormedOf)).toBe(true); // it was asked, so the line above would have shown it
  });

  test("refuses a revoked key from the very next request on", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const made = await tenant.call("POST", "/v1/keys", {
      json: { name: "short-lived", scopes: ["models:read", "models:infer"] },
    });
    const { id, key }: { id: string; key: string } = await made.json();
    expect((await knock(`Bearer ${key}`)).status).toBe(200);
    expect((await tenant.call("DELETE", `/v1/keys/${id}`)).status).toBe(204);
    const response = await knock(`Bearer ${key}`);
    expect(response.headers.get("WWW-Authenticate")).toBe(INVALID_TOKEN);
    await expectProblem(response, 401, "revoked-key");
    expect((await knock(`Bearer ${tenant.key}`)).status).toBe(200);
  });
});

async function hasCell(tenantId: TenantId): Promise<boolean> {
  const wanted = env.TENANT_CELL.idFromName(tenantId);
  return (await listDurableObjectIds(env.TENANT_CELL)).some((id) => id.equals(wanted));
}

describe("scopes", () => {
  test.each([
    ["POST", "/v1/models", "models:write"],
    ["DELETE", "/v1/models/m", "models:write"],
    ["POST", "/v1/models/m/versions", "models:write"],
    ["DELETE", "/v1/models/m/versions/1", "models:write"],
    ["PUT", "/v1/models/m/aliases/a", "models:write"],
    ["DELETE", "/v1/models/m/aliases/a", "models:write"],
    ["GET", "/v1/models", "models:read"],
    ["GET", "/v1/models/m", "models:read"],
    ["POST", "/v1/keys", "keys:write:own"],
    ["GET", "/v1/keys", "keys:read:own"],
    ["DELETE", "/v1/keys/key_1", "keys:write:own"],
    ["GET", "/v1/organization", "organization:read"],
    ["PATCH", "/v1/organization", "organization:write"],
    ["GET", "/v1/members", "members:read"],
    ["PATCH", "/v1/members/usr_1", "members:write"],
    ["DELETE", "/v1/members/usr_1", "members:write"],
    ["GET", "/v1/invitations", "members:read"],
    ["POST", "/v1/invitations", "members:write"],
    ["POST", "/v1/invitations/inv_1/resend", "members:write"],
    ["DELETE", "/v1/invitations/inv_1", "members:write"],
    ["GET", "/v1/roles", "roles:read"],
    ["POST", "/v1/roles", "roles:write"],
    ["PATCH", "/v1/roles/r", "roles:write"],
    ["DELETE", "/v1/roles/r", "roles:write"],
    ["GET", "/v1/parent-access", "roles:read"],
    ["PUT", "/v1/parent-access", "roles:write"],
    ["GET", "/v1/teams", "members:read"],
    ["POST", "/v1/teams", "members:write"],
    ["PUT", "/v1/teams/tea_1/members/usr_1", "members:write"],
    ["GET", "/v1/children", "usage:read"],
    ["GET", "/v1/children/ten_1/usage", "usage:read"],
    ["GET", "/v1/usage", "usage:read"],
    ["POST", "/v2/models/m/infer", "models:infer"],
    ["POST", "/v2/models/m/versions/1/infer", "models:infer"],
  ] as const)("%s %s needs %s, and no other scope will do", async (method, path, scope) => {
    const all = TENANT_PERMISSIONS;
    const others = all.filter((other) => !holds([other], scope));
    const tenant = await newTenant({ scopes: others });
    const response = await tenant.call(method, path);
    expect(response.headers.get("WWW-Authenticate")).toBe(
      `Bearer realm="tensorgate", error="insufficient_scope", scope="${scope}"`,
    );
    const problem = await expectProblem(response, 403, "insufficient-scope");
    expect(problem).toMatchObject({ required_any_of: [scope], held: others });
  });

  test.each(["", "/versions/1", "/ready", "/versions/1/ready"])(
    "GET /v2/models/m%s needs infer or models:read, either of them",
    async (suffix) => {
      const owner = await newTenant();
      await deploy(owner, "m");
      const statuses: Record<string, number> = {};
      for (const scope of ["models:infer", "models:read", "models:write"] as const) {
        const headers = { Authorization: `Bearer ${await newKey(owner.id, [scope])}` };
        statuses[scope] = (await call("GET", `/v2/models/m${suffix}`, { headers })).status;
      }
      expect(statuses).toEqual({ "models:infer": 200, "models:read": 200, "models:write": 403 });
    },
  );
});

describe("a suspended tenant", () => {
  test("is refused inference and changes from the very next request on, and may read", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    for (const [method, path] of [
      ["POST", "/v2/models/m/infer"],
      ["POST", "/v1/models"],
      ["POST", "/v1/models/m/versions"],
      ["DELETE", "/v1/models/m"],
      ["POST", "/v1/keys"],
    ] as const) {
      await expectProblem(await tenant.call(method, path, { json: { name: "x" } }), 403, "tenant-suspended");
    }
    for (const path of ["/v1/models", "/v1/models/m", "/v1/usage"]) {
      expect((await tenant.call("GET", path)).status, path).toBe(200);
    }
  });

  test("is served again as soon as it is reactivated", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    for (const status of ["suspended", "active"]) {
      await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status } });
    }
    expect((await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest })).status).toBe(200);
  });
});
