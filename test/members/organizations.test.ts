import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { callerIn, newBrowser, newOrganization, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

describe("making an organization", () => {
  test("makes its maker the owner, who may do everything there at once", async () => {
    const ada = await newPerson();
    const tenantId = await newOrganization(ada, { name: "  Engines ", location_hint: "weur" });
    const asAda = await callerIn(ada, tenantId);
    expect(await (await asAda("GET", "/v1/organization")).json()).toMatchObject({
      id: tenantId,
      name: "Engines",
      parent_id: null,
    });
    expect((await asAda("POST", "/v1/models", { name: "m" })).status).toBe(201);
    const row = await env.DB.prepare("SELECT location_hint, plan FROM tenants WHERE id = ?").bind(tenantId).first();
    expect(row).toEqual({ location_hint: "weur", plan: "free" });
  });

  test("needs a log-in, a name, and known members alone", async () => {
    expect((await newBrowser().call("POST", "/auth/organizations", { name: "n" })).status).toBe(401);
    const ada = await newPerson();
    for (const wish of [
      {},
      { name: " " },
      { name: "x".repeat(101) },
      { name: "n", plan: "standard" },
      { name: "n", parent_id: "x" },
    ]) {
      expect((await ada.call("POST", "/auth/organizations", wish)).status, JSON.stringify(wish)).toBe(400);
    }
    expect(await (await ada.call("GET", "/auth/organizations")).json()).toEqual({ data: [] });
  });

  test("is refused from another site", async () => {
    const ada = await newPerson();
    const session = await ada.call("GET", "/auth/get-session");
    expect(session.status).toBe(200);
    const headers = { Origin: "https://evil.example", Cookie: "__Host-tensorgate.session_token=x" };
    const forged = await call("POST", "/auth/organizations", { headers, json: { name: "n" } });
    expect(forged.status).toBe(403);
  });

  test("is possible three times an hour for a person", async () => {
    const ada = await newPerson();
    for (let time = 0; time < 3; time++) await newOrganization(ada);
    const refused = await ada.call("POST", "/auth/organizations", { name: "n" });
    expect([refused.status, await refused.json()]).toEqual([
      429,
      expect.objectContaining({ code: "TOO_MANY_ATTEMPTS" }),
    ]);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(3_000);
    const { data }: { data: unknown[] } = await (await ada.call("GET", "/auth/organizations")).json();
    expect(data).toHaveLength(3);
  });

  test("within a jurisdiction that is not to be had here makes nothing", async () => {
    const ada = await newPerson();
    const refused = await ada.call("POST", "/auth/organizations", { name: "n", jurisdiction: "eu" });
    expect([refused.status, await refused.json()]).toEqual([
      501,
      expect.objectContaining({ code: "JURISDICTION_UNAVAILABLE" }),
    ]);
    expect(await (await ada.call("GET", "/auth/organizations")).json()).toEqual({ data: [] });
  });
});

test("an organization is renamed by who may, and that is recorded once", async () => {
  const tenant = await newTenant();
  for (let time = 0; time < 2; time++) {
    const renamed = await tenant.call("PATCH", "/v1/organization", { json: { name: "Renamed" } });
    expect(await renamed.json()).toMatchObject({ id: tenant.id, name: "Renamed" });
  }
  const { results } = await env.DB.prepare(
    "SELECT act FROM audit_events WHERE tenant_id = ? AND act = 'organization.changed'",
  )
    .bind(tenant.id)
    .all();
  expect(results).toHaveLength(1);
  const reader = await newTenant({ scopes: ["organization:read"] });
  await expectProblem(
    await reader.call("PATCH", "/v1/organization", { json: { name: "n" } }),
    403,
    "insufficient-scope",
  );
});
