import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import type { ToldHour } from "../../src/usage/fleet.rules.ts";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { inferOnce, storedHours, tellHours, withQueue } from "../support/fleet.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const HOUR = Date.parse("2030-01-01T10:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const NOTHING = {
  inferences: 0,
  pending: 0,
  ok: 0,
  rejected: 0,
  failed: 0,
  unsettled: 0,
  costMicroUsd: 0,
  computeMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  refused: 0,
};

async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  await tellHours(tenant);
  return tenant;
}

/** When nothing is left to do but to merge the minutes of 2030-01-01, 32 days after its end. */
const LESS_DETAIL = Date.parse("2030-02-03T00:00:00Z");

/** When the cell's alarm is set for, ms since 1970; null when it is not. */
async function alarmOf(tenant: TestTenant): Promise<number | null> {
  return await runInDurableObject(cellOf(tenant), async (_cell, state) => await state.storage.getAlarm());
}

const gist = ({ hourMs, revision, totals }: ToldHour) => ({ hourMs, revision, ...totals });

describe("a cell", () => {
  test("tells an hour's whole totals one minute after its first change, and once", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      await inferOnce(tenant, "m");
      advanceMs(30_000);
      await inferOnce(tenant, "m");
      expect(await alarmOf(tenant)).toBe(HOUR + MINUTE_MS);
      expect(await tellHours(tenant)).toEqual([]);
      advanceMs(30_000);
      // Two charges and two settlements are 4 rows; 100 µ$ each; 5 ms, 10 and 20 bytes each.
      expect(await tellHours(tenant)).toEqual([
        {
          tenantId: tenant.id,
          hourMs: HOUR,
          revision: 4,
          asOfMs: HOUR + MINUTE_MS,
          totals: { ...NOTHING, inferences: 2, ok: 2, costMicroUsd: 200, computeMs: 10, bytesIn: 20, bytesOut: 40 },
        },
      ]);
      advanceMs(10 * MINUTE_MS);
      expect(await tellHours(tenant)).toEqual([]);
    });
  });

  test("that is not called sets no alarm for it but the one that merges its minutes a month later", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      await inferOnce(tenant, "m");
      advanceMs(MINUTE_MS);
      await tellHours(tenant);
      expect(await alarmOf(tenant)).toBe(LESS_DETAIL);
    });
  });

  test("counts every outcome", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      const cell = cellOf(tenant);
      const answers = await cell.admit(Array.from({ length: 4 }, () => inferRequest(tenant, "m")));
      const [ok, rejected, failed] = answers.map((answer) => requireAdmitted(answer).entryId);
      if (!ok || !rejected || !failed) throw new Error("Four inferences were admitted.");
      await cell.settle([
        settlementOf(ok),
        settlementOf(rejected, { outcome: "rejected", reason: "inference-failed" }),
        settlementOf(failed, { outcome: "failed", reason: "runtime-failed" }),
      ]);
      advanceMs(MINUTE_MS);
      const [hour] = await tellHours(tenant);
      // The lease of the fourth, 10 s and 50 s, is over with this minute: it is unsettled, and charged as the one that went well.
      expect(hour?.totals).toEqual({
        ...NOTHING,
        inferences: 2,
        ok: 1,
        rejected: 1,
        failed: 1,
        unsettled: 1,
        costMicroUsd: 200,
        computeMs: 15,
        bytesIn: 30,
        bytesOut: 60,
      });
    });
  });

  test("counts an inference in the hour of its admission, whenever it is settled", async () => {
    await withStoppedClock("2030-01-01T10:59:50Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      const cell = cellOf(tenant);
      const [answer] = await cell.admit([inferRequest(tenant, "m")]);
      advanceMs(30_000);
      await inferOnce(tenant, "m");
      advanceMs(29_999);
      await cell.settle([settlementOf(requireAdmitted(answer).entryId)]);
      advanceMs(1);
      const first = await tellHours(tenant);
      expect(first.map(gist)).toMatchObject([
        { hourMs: HOUR, revision: 4, ok: 1, pending: 0 },
        { hourMs: HOUR + HOUR_MS, revision: 4, ok: 1 },
      ]);
    });
  });

  test("tells an hour with what is pending, and again when that ends in the next hour, with a higher revision", async () => {
    await withStoppedClock("2030-01-01T10:59:00Z", async ({ advanceMs }) => {
      const tenant = await newTenant({ limits: { run_ms: 300_000 } });
      await deploy(tenant, "m");
      await tellHours(tenant);
      const cell = cellOf(tenant);
      const [answer] = await cell.admit([inferRequest(tenant, "m")]);
      advanceMs(MINUTE_MS);
      const [pending] = await tellHours(tenant);
      await cell.settle([settlementOf(requireAdmitted(answer).entryId)]);
      advanceMs(MINUTE_MS);
      const [ended] = await tellHours(tenant);
      expect([pending, ended].map((hour) => hour && gist(hour))).toMatchObject([
        { hourMs: HOUR, revision: 1, pending: 1, ok: 0 },
        { hourMs: HOUR, revision: 2, pending: 0, ok: 1 },
      ]);
    });
  });

  test("tells refusals, which are no rows of its ledger, within the next minute", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      await cellOf(tenant).admit([inferRequest(tenant, "no-such-model")]);
      advanceMs(MINUTE_MS);
      expect((await tellHours(tenant)).map(gist)).toEqual([{ ...NOTHING, hourMs: HOUR, revision: 0, refused: 1 }]);
      await cellOf(tenant).admit([inferRequest(tenant, "no-such-model"), inferRequest(tenant, "no-such-model")]);
      expect(await alarmOf(tenant)).toBe(HOUR + 2 * MINUTE_MS);
      advanceMs(MINUTE_MS);
      expect((await tellHours(tenant)).map(gist)).toEqual([{ ...NOTHING, hourMs: HOUR, revision: 0, refused: 3 }]);
      advanceMs(MINUTE_MS);
      expect(await tellHours(tenant)).toEqual([]);
      expect(await alarmOf(tenant)).toBe(LESS_DETAIL);
    });
  });

  test("tells refusals in time though its alarm is set for the end of an idempotency key, a day later", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m", "order-1")]);
      await cellOf(tenant).settle([settlementOf(requireAdmitted(answer).entryId)]);
      advanceMs(MINUTE_MS);
      await tellHours(tenant);
      expect(await alarmOf(tenant)).toBe(HOUR + 24 * HOUR_MS);
      await cellOf(tenant).admit([inferRequest(tenant, "no-such-model")]);
      expect(await alarmOf(tenant)).toBe(HOUR + 2 * MINUTE_MS);
    });
  });

  test("remembers what it has told, and what it has not, across an eviction", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      await inferOnce(tenant, "m");
      advanceMs(MINUTE_MS);
      await tellHours(tenant);
      await inferOnce(tenant, "m");
      await evictDurableObject(cellOf(tenant));
      advanceMs(MINUTE_MS);
      expect((await tellHours(tenant)).map(gist)).toMatchObject([{ hourMs: HOUR, revision: 4, ok: 2 }]);
      await evictDurableObject(cellOf(tenant));
      advanceMs(MINUTE_MS);
      expect(await tellHours(tenant)).toEqual([]);
    });
  });

  test("whose queue takes nothing tries again a minute later, and tells then what there is then", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      await inferOnce(tenant, "m");
      advanceMs(MINUTE_MS);
      const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
      const refused = await withQueue(
        tenant,
        async () => await Promise.reject(new Error("the queue is full")),
        async () => {
          await runDurableObjectAlarm(cellOf(tenant));
        },
      );
      const logged = JSON.stringify(log.mock.calls);
      log.mockRestore();
      expect(refused).toEqual([]);
      expect(logged).toContain("the queue is full");
      expect(await alarmOf(tenant)).toBe(HOUR + 2 * MINUTE_MS);
      await inferOnce(tenant, "m");
      advanceMs(MINUTE_MS);
      expect((await tellHours(tenant)).map(gist)).toMatchObject([{ revision: 4, ok: 2 }]);
    });
  });

  test("finds all hours of more rows than it looks through at once", async () => {
    await withStoppedClock("2030-01-01T08:30:00Z", async ({ advanceMs }) => {
      const tenant = await newTenant({ limits: { burst: 1_000_000, rate_per_second: 1_000_000 } });
      await deploy(tenant, "m");
      await tellHours(tenant);
      // 3 hours of 1,100 inferences each are 6,600 rows: three pages of 2,000 and a rest.
      for (let hour = 0; hour < 3; hour++) {
        const answers = await cellOf(tenant).admit(Array.from({ length: 1_100 }, () => inferRequest(tenant, "m")));
        await cellOf(tenant).settle(answers.map((answer) => settlementOf(requireAdmitted(answer).entryId)));
        advanceMs(HOUR_MS);
      }
      const told = await tellHours(tenant);
      expect(told.map(gist).toSorted((a, b) => a.hourMs - b.hourMs)).toMatchObject(
        [8, 9, 10].map((hour) => ({ hourMs: Date.UTC(2030, 0, 1, hour), revision: 6_600, ok: 1_100 })),
      );
    });
  });

  test("tells no hour of credit that was granted, and does not wait for one", async () => {
    await withStoppedClock("2030-01-01T10:00:00Z", async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      await cellOf(tenant).grantCredit("grant-1", 5_000_000);
      advanceMs(MINUTE_MS);
      expect(await tellHours(tenant)).toEqual([]);
      expect(await alarmOf(tenant)).toBeNull();
    });
  });

  test("reaches D1 through the queue", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await inferOnce(tenant, "m");
    await withStoppedClock(new Date(Date.now() + 2 * MINUTE_MS).toISOString(), async () => {
      await runDurableObjectAlarm(cellOf(tenant));
    });
    await expect
      .poll(async () => await storedHours(tenant), { timeout: 20_000 })
      .toMatchObject([{ revision: 2, inferences: 1, ok: 1, pending: 0, compute_ms: 5, bytes_in: 10, bytes_out: 20 }]);
  });
});
