import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { EntryId } from "../../src/shared/ids.ts";
import type { VersionStatistics } from "../../src/usage/statistics.rules.ts";
import { cellOf, inferRequest, readLedger, requireAdmitted, settlementOf } from "../support/cell.ts";
import { addModel, deploy, upload } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

async function admit(tenant: TestTenant, count: number, version = "1"): Promise<EntryId[]> {
  const requests = Array.from({ length: count }, () => ({ ...inferRequest(tenant, "m"), version }));
  return (await cellOf(tenant).admit(requests)).map((answer) => requireAdmitted(answer).entryId);
}

async function statistics(tenant: TestTenant): Promise<VersionStatistics[] | undefined> {
  const reports = await cellOf(tenant).statistics("m");
  return reports?.map((report) => report.statistics);
}

async function storedFigures(tenant: TestTenant): Promise<number> {
  return await runInDurableObject(
    cellOf(tenant),
    (_cell, state) => state.storage.sql.exec("SELECT 1 FROM version_figures").toArray().length,
  );
}

describe("a cell's statistics", () => {
  test("count a settlement once, however often it comes, alone, in one batch or across an eviction", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const [first, second] = (await admit(tenant, 2)).map((entry) => settlementOf(entry, { bytesIn: 100 }));
    if (!first || !second) throw new Error("Two were admitted.");
    await cell.settle([first, first, { ...first, outcome: "failed", reason: "late" }]);
    await cell.settle([first]);
    await evictDurableObject(cell);
    await cell.settle([first, second]);
    expect(await statistics(tenant)).toMatchObject([
      { inferences: 2, failures: {}, bytesIn: 200, compute: { count: 2 } },
    ]);
  });

  test("agree with the ledger, whatever is settled, repeated and evicted", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(1));
    await upload(tenant, "m", addModel(2));
    const cell = cellOf(tenant);
    const outcomes = ["ok", "rejected", "failed"] as const;
    for (let round = 0; round < 6; round++) {
      const entries = [...(await admit(tenant, 20, "1")), ...(await admit(tenant, 10, "2"))];
      const batch = entries.map((entry, index) => {
        const outcome = outcomes[index % 3] ?? "ok";
        return settlementOf(entry, {
          outcome,
          reason: outcome === "ok" ? undefined : `${outcome}-${round % 2}`,
          bytesIn: index,
        });
      });
      await Promise.all([cell.settle(batch.slice(0, 20)), cell.settle(batch.slice(10))]);
      if (round % 2 === 0) await evictDurableObject(cell);
    }
    const ledger = await readLedger(tenant);
    const expected = [1, 2].map((number) => {
      const lines = ledger.filter(({ version }) => version === number);
      const count = (outcome: string): number => lines.filter((line) => line.outcome === outcome).length;
      const bytesIn = lines.reduce((sum, line) => sum + line.bytes_in, 0);
      return { ok: count("ok"), notOk: count("rejected") + count("failed"), bytesIn };
    });
    const told = (await statistics(tenant))?.map(({ inferences, failures, bytesIn }) => {
      return { ok: inferences, notOk: Object.values(failures).reduce((sum, count) => sum + count, 0), bytesIn };
    });
    expect(told).toEqual(expected);
  });

  test("are written with the settlement or not at all", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const batch = (await admit(tenant, 2)).map((entry) => settlementOf(entry));
    await runInDurableObject(cell, async (instance, state) => {
      state.storage.sql.exec(
        `CREATE TRIGGER broken BEFORE INSERT ON version_figures BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
      );
      await expect(instance.settle(batch)).rejects.toThrow("the disk is full");
      state.storage.sql.exec("DROP TRIGGER broken");
    });
    expect((await readLedger(tenant)).map(({ outcome }) => outcome)).toEqual(["pending", "pending"]);
    await cell.settle(batch);
    expect(await statistics(tenant)).toMatchObject([{ inferences: 2 }]);
  });

  test("go with their version, and what is settled after it is gone leaves none behind", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(1));
    await upload(tenant, "m", addModel(2));
    const cell = cellOf(tenant);
    const [early, late] = (await admit(tenant, 2, "2")).map((entry) => settlementOf(entry));
    if (!early || !late) throw new Error("Two were admitted.");
    await cell.settle([early]);
    expect(await storedFigures(tenant)).toBeGreaterThan(0);
    await tenant.call("DELETE", "/v1/models/m/versions/2");
    expect(await storedFigures(tenant)).toBe(0);
    await cell.settle([late]);
    expect(await storedFigures(tenant)).toBe(0);
    expect((await readLedger(tenant)).map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  });

  test("go with their model", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await cellOf(tenant).settle((await admit(tenant, 1)).map((entry) => settlementOf(entry)));
    await tenant.call("DELETE", "/v1/models/m");
    expect(await storedFigures(tenant)).toBe(0);
    expect(await statistics(tenant)).toBeUndefined();
  });
});
