import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, call, callAsOperator, newKey, newTenant } from "../support/tenant.ts";

async function voidCredentials(tenant: TestTenant): Promise<Response> {
  return await callAsOperator("POST", `/admin/tenants/${tenant.id}/credentials/revoke`);
}

async function read(key: string): Promise<Response> {
  return await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${key}` } });
}

/** A tenant that has called, and whose credentials were voided a second later. */
async function withVoidTenant(run: (tenant: TestTenant, second: string) => Promise<void>): Promise<void> {
  await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
    const tenant = await newTenant();
    const second = await newKey(tenant.id, ["models:read"]);
    expect([(await read(tenant.key)).status, (await read(second)).status]).toEqual([200, 200]);
    clock.advanceMs(1_000);
    const voided = await voidCredentials(tenant);
    expect(voided.status).toBe(200);
    expect(await voided.json()).toEqual({ not_before: "2026-11-20T12:00:01.000Z" });
    await run(tenant, second);
  });
}

describe("voiding a tenant's credentials", () => {
  test("refuses all keys that there are from the very next call on", async () => {
    await withVoidTenant(async (tenant, second) => {
      for (const key of [tenant.key, second]) {
        const response = await read(key);
        expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
        await expectProblem(response, 401, "credential-void");
      }
    });
  });

  test("leaves keys that are made from then on, and other tenants", async () => {
    const other = await newTenant();
    await withVoidTenant(async (tenant) => {
      expect((await read(await newKey(tenant.id, ["models:read"]))).status).toBe(200);
      expect((await read(other.key)).status).toBe(200);
    });
  });

  test("outlives the eviction of the cell, and the loss of all that it stored", async () => {
    await withVoidTenant(async (tenant) => {
      const fresh = await newKey(tenant.id, ["models:read"]);
      await evictDurableObject(cellOf(tenant));
      await expectProblem(await read(tenant.key), 401, "credential-void");
      await runInDurableObject(cellOf(tenant), async (_cell, state) => {
        await state.storage.deleteAll();
      });
      await evictDurableObject(cellOf(tenant));
      await expectProblem(await read(tenant.key), 401, "credential-void");
      expect((await read(fresh)).status).toBe(200);
    });
  });

  test("may be repeated, and voids what was made in between", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await newTenant();
      await voidCredentials(tenant);
      expect((await read(tenant.key)).status).toBe(200); // made in that very millisecond
      clock.advanceMs(1);
      await voidCredentials(tenant);
      await expectProblem(await read(tenant.key), 401, "credential-void");
    });
  });

  test("is never taken back by a clock that stepped back", async () => {
    await withVoidTenant(async (tenant, second) => {
      await withStoppedClock("2026-11-20T11:00:00Z", async () => {
        const again = await voidCredentials(tenant);
        expect(await again.json()).toEqual({ not_before: "2026-11-20T12:00:01.000Z" });
        await expectProblem(await read(second), 401, "credential-void");
      });
    });
  });

  test.each(["ten_00000000000000000000000000", "nonsense"])("of %s, which does not exist, is 404", async (id) => {
    const response = await callAsOperator("POST", `/admin/tenants/${id}/credentials/revoke`);
    await expectProblem(response, 404, "tenant-not-found");
  });
});
