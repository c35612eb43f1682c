import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { cellOf, inferRequest } from "../support/cell.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

/** What the cell says to one inference. */
async function answerOf(tenant: TestTenant): Promise<string | undefined> {
  const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m")]);
  return answer?.kind;
}

/** Write a policy into D1 past the control plane, as one that was read from a replica that lags. */
async function writeToRegistry(tenant: TestTenant, status: string, policyVersion: number): Promise<void> {
  await env.DB.prepare("UPDATE tenants SET status = ?, policy_version = ? WHERE id = ?")
    .bind(status, policyVersion, tenant.id)
    .run();
}

/** The version of the policy that the cell has written down. */
async function heldVersion(tenant: TestTenant): Promise<number> {
  return await runInDurableObject(
    cellOf(tenant),
    (_cell, state) =>
      state.storage.sql
        .exec<{ version: number }>("SELECT body->>'version' AS version FROM hot_state WHERE kind = 'tenant'")
        .one().version,
  );
}

describe("the policy of a tenant's cell", () => {
  test("is replaced by a newer one, and by one of the same version that is read again", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    expect(await heldVersion(tenant)).toBe(1);
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    expect([await heldVersion(tenant), await answerOf(tenant)]).toEqual([2, "tenant-suspended"]);
    await cellOf(tenant).refresh({ kind: "tenant" });
    expect([await heldVersion(tenant), await answerOf(tenant)]).toEqual([2, "tenant-suspended"]);
  });

  test("is not replaced by an older one, neither at once nor after an eviction", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    await writeToRegistry(tenant, "active", 1);
    await cellOf(tenant).refresh({ kind: "tenant" });
    expect([await heldVersion(tenant), await answerOf(tenant)]).toEqual([2, "tenant-suspended"]);
    await evictDurableObject(cellOf(tenant));
    expect([await heldVersion(tenant), await answerOf(tenant)]).toEqual([2, "tenant-suspended"]);
    await writeToRegistry(tenant, "active", 3);
    await cellOf(tenant).refresh({ kind: "tenant" });
    expect([await heldVersion(tenant), await answerOf(tenant)]).toEqual([3, "admitted"]);
  });

  test("is loaded from D1 by a cell that has none, whatever its version", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await writeToRegistry(tenant, "suspended", 7);
    await runInDurableObject(cellOf(tenant), async (_cell, state) => {
      await state.storage.deleteAll();
    });
    await evictDurableObject(cellOf(tenant));
    expect(await answerOf(tenant)).toBe("tenant-suspended");
    expect(await heldVersion(tenant)).toBe(7);
  });
});
