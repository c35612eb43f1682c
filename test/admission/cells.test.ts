import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Cells, cellOf, offersJurisdiction } from "../../src/admission/cells.ts";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { jurisdictionOf, newTenantId } from "../../src/shared/ids.ts";
import { callToTheEnd } from "../support/direct.ts";
import { expectProblem } from "../support/problem.ts";
import { type CallOptions, call, callAsOperator } from "../support/tenant.ts";

/** Which cell was asked for: under which jurisdiction, by which name, and near where. */
type Asked = [jurisdiction: string | undefined, name: string, locationHint: string | undefined];

/** A platform that has jurisdictions, as Cloudflare has and workerd has not. The cells are real, and all in one place. */
function platformWithJurisdictions(): { cells: Cells; asked: Asked[] } {
  const asked: Asked[] = [];
  const within = (jurisdiction: string | undefined) => ({
    getByName: (name: string, options?: { locationHint?: string }) => {
      asked.push([jurisdiction, name, options?.locationHint]);
      return env.TENANT_CELL.getByName(name);
    },
    jurisdiction: within,
  });
  return { cells: within(undefined) as unknown as Cells, asked };
}

/** Call the Worker on a platform. */
async function callOn(cells: Cells, token: string, method: string, path: string, options: CallOptions = {}) {
  const caller = { id: newTenantId(0), key: token, call };
  return await callToTheEnd(caller, method, path, { ...options, bindings: { TENANT_CELL: cells } });
}

describe("the cell of a tenant", () => {
  test("is addressed under the jurisdiction that the tenant's id names, and under none where it names none", () => {
    const { cells, asked } = platformWithJurisdictions();
    const [european, other] = [newTenantId(0, "eu"), newTenantId(0)];
    cellOf(cells, european);
    cellOf(cells, other);
    cellOf(cells, other, "apac");
    expect(asked).toEqual([
      ["eu", european, undefined],
      [undefined, other, undefined],
      [undefined, other, "apac"],
    ]);
  });

  test("is made where the tenant wants it, by the call that registers the tenant", async () => {
    const { cells, asked } = platformWithJurisdictions();
    const json = { name: "Acme", location_hint: "weur" };
    const created = await callOn(cells, env.ADMIN_TOKEN, "POST", "/admin/tenants", { json });
    const { id } = z.object({ id: z.string() }).parse(await created.json());
    expect(asked).toEqual([[undefined, id, "weur"]]);
  });

  test("is found under its jurisdiction by every call that bears a key of the tenant", async () => {
    const { cells, asked } = platformWithJurisdictions();
    const json = { name: "Acme", jurisdiction: "eu" };
    const created = await callOn(cells, env.ADMIN_TOKEN, "POST", "/admin/tenants", { json });
    expect(created.status).toBe(201);
    const tenant = z.object({ id: z.string(), jurisdiction: z.string() }).parse(await created.json());
    expect(tenant).toEqual({ id: expect.stringMatching(/^ten_eu_/), jurisdiction: "eu" });
    const wish = { json: { name: "first", scopes: ["models:read", "usage:read"] } };
    const made = await callOn(cells, env.ADMIN_TOKEN, "POST", `/admin/tenants/${tenant.id}/keys`, wish);
    const { key } = z.object({ key: z.string().startsWith("tg_live_eu_") }).parse(await made.json());
    for (const path of ["/v1/models", "/v1/usage", "/v2/models/m"]) {
      expect((await callOn(cells, key, "GET", path)).status, path).toBeLessThan(500);
    }
    expect(asked.length).toBeGreaterThanOrEqual(5);
    expect(asked.filter(([jurisdiction, name]) => jurisdiction !== "eu" || name !== tenant.id)).toEqual([]);
  });
});

describe("on a machine of one's own, where workerd has no jurisdictions", () => {
  test("the platform says that it has none", () => {
    expect(offersJurisdiction(env.TENANT_CELL, "eu")).toBe(false);
  });

  test("a tenant under one is refused, and nothing is made of it", async () => {
    const name = `Acme ${crypto.randomUUID()}`;
    const response = await callAsOperator("POST", "/admin/tenants", { json: { name, jurisdiction: "eu" } });
    await expectProblem(response, 501, "jurisdiction-unavailable");
    const { results } = await env.DB.prepare("SELECT id FROM tenants WHERE name = ?").bind(name).all();
    expect(results).toEqual([]);
  });

  test("a forged key of a tenant under one is refused as any key that was never issued", async () => {
    const tenantId = newTenantId(0, "eu");
    expect(jurisdictionOf(tenantId)).toBe("eu");
    const forged = { headers: { Authorization: `Bearer ${newApiKey(tenantId, "live")}` } };
    await expectProblem(await call("GET", "/v1/models", forged), 401, "invalid-key");
    await expectProblem(await call("GET", `/admin/tenants/${tenantId}`, forged), 401, "invalid-key");
    await expectProblem(await callAsOperator("GET", `/admin/tenants/${tenantId}`), 404, "tenant-not-found");
  });
});

test.each(["mars", "us", "", null, 1])("the jurisdiction %j is no jurisdiction", async (jurisdiction) => {
  const response = await callAsOperator("POST", "/admin/tenants", { json: { name: "Acme", jurisdiction } });
  expect(await expectProblem(response, 400, "invalid-request")).toMatchObject({ errors: [{ field: "jurisdiction" }] });
});
