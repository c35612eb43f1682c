import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { Lanes } from "../../src/admission/group-commit.ts";
import type { Admission, AdmissionRequest } from "../../src/admission/admission.rules.ts";
import { sha256 } from "../../src/shared/sha256.ts";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { newId } from "../../src/shared/ids.ts";
import { cellOf, inferRequest, readLedger, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { deploy } from "../support/models.ts";
import { callAsOperator, newTenant } from "../support/tenant.ts";

const UNLIMITED = { burst: 1_000_000, rate_per_second: 1_000_000 };

describe("a tenant's cell", () => {
  test("an admission writes one pending ledger entry and charges one unit", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m")]);
    const { entryId } = requireAdmitted(answer);
    expect(await readLedger(tenant)).toMatchObject([
      { id: entryId, model: "m", version: 1, units: 1, outcome: "pending" },
    ]);
  });

  test("of ten thousand admissions at 64 in flight, a quarter repeats, exactly the unique ones are in the ledger, across evictions", async () => {
    const tenant = await newTenant({ limits: UNLIMITED });
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const lanes = new Lanes<AdmissionRequest, Admission>({
      maxBatch: 256,
      maxWaiting: 4096,
      deadlineMs: 20_000,
      lingerMs: 1,
    });
    const requests = 10_000;
    const evictAt = new Set([2_500, 5_000, 7_500]);
    const entries = new Set<string>();
    const outcomes: Record<string, number> = {};
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < requests) {
        const number = next;
        next += 1;
        // Every fourth request repeats the key of the one three before it.
        const key = `k${number % 4 === 3 ? number - 3 : number}`;
        if (evictAt.has(number)) await evictDurableObject(cell);
        const answer = await lanes.submit(tenant.id, inferRequest(tenant, "m", key), (batch) => cell.admit(batch));
        if (answer.kind === "admitted" && !answer.replayed) {
          entries.add(answer.entryId);
        }
        outcomes[answer.kind] = (outcomes[answer.kind] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 64 }, worker));
    expect(outcomes).toEqual({ admitted: 7_500, "idempotency-in-flight": 2_500 });
    const ledger = await readLedger(tenant);
    expect(ledger).toHaveLength(7_500);
    expect(new Set(ledger.map((line) => line.id))).toEqual(entries);
    expect(new Set(ledger.map((line) => line.idempotency_key)).size).toBe(7_500);
  });

  test("after an eviction the cell knows its keys, its models and what is left of its limit", async () => {
    const tenant = await newTenant({ limits: { burst: 3, rate_per_second: 1 } });
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const kinds = async (): Promise<string[]> =>
      (await cell.admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")])).map((answer) => answer.kind);
    expect(await kinds()).toEqual(["admitted", "admitted"]);
    await evictDurableObject(cell);
    // One of three calls is left. A second may have passed and given one more, but no more than that in a test's time.
    const [first] = await kinds();
    expect(first).toBe("admitted");
    expect(await readLedger(tenant)).not.toHaveLength(0);
    const later = await kinds();
    expect(later).toContain("quota-exceeded");
  });

  test("an idempotency key that comes back after the run ended is replayed: same entry, nothing charged, nothing debited", async () => {
    const tenant = await newTenant({ limits: { burst: 1, rate_per_second: 1 } });
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const [first] = await cell.admit([inferRequest(tenant, "m", "again")]);
    const { entryId } = requireAdmitted(first);
    await cell.settle([settlementOf(entryId)]);
    await evictDurableObject(cell);
    const [second] = await cell.admit([inferRequest(tenant, "m", "again")]);
    expect(requireAdmitted(second)).toMatchObject({ entryId, replayed: true });
    expect(await readLedger(tenant)).toHaveLength(1);
  });

  test("settlements that come along with an admission are recorded before it is decided", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const [first] = await cell.admit([inferRequest(tenant, "m", "again")]);
    const { entryId } = requireAdmitted(first);
    const [second] = await cell.admit([inferRequest(tenant, "m", "again")], [settlementOf(entryId)]);
    expect(requireAdmitted(second)).toMatchObject({ entryId, replayed: true });
    expect(await readLedger(tenant)).toMatchObject([{ id: entryId, outcome: "ok" }]);
  });

  test("a settlement that can't be recorded is logged whole, and keeps neither its neighbours nor admissions back", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const admitted = await cell.admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
    const [good, bad] = admitted.map((answer) => settlementOf(requireAdmitted(answer).entryId));
    if (!good || !bad) throw new Error("Two inferences were admitted.");
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const [next] = await cell.admit([inferRequest(tenant, "m")], [good, { ...bad, bytesIn: Number.NaN }]);
    const logged = JSON.stringify(log.mock.calls);
    log.mockRestore();
    expect(next?.kind).toBe("admitted");
    expect(logged).not.toContain(good.entryId);
    expect(logged).toContain(bad.entryId);
    expect((await readLedger(tenant)).map(({ outcome }) => outcome)).toEqual(["ok", "pending", "pending"]);
  });

  test("an inference that was not charged gives its idempotency key back", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const [first] = await cell.admit([inferRequest(tenant, "m", "again")]);
    const failed = requireAdmitted(first).entryId;
    await cell.settle([settlementOf(failed, { outcome: "failed", reason: "runtime-failed", bytesOut: 0 })]);
    const [second] = await cell.admit([inferRequest(tenant, "m", "again")]);
    expect(requireAdmitted(second)).toMatchObject({ replayed: false });
    expect((await readLedger(tenant)).map(({ units, outcome }) => [units, outcome])).toEqual([
      [0, "failed"],
      [1, "pending"],
    ]);
  });

  test("an inference that is asked for twice, because the cell's word was lost, is charged once, on the same version", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const request = inferRequest(tenant, "m", "again");
    const [first] = await cell.admit([request]);
    await evictDurableObject(cell);
    const [second] = await cell.admit([request]);
    const { entryId, receipt, version } = requireAdmitted(first);
    expect(requireAdmitted(second)).toMatchObject({ entryId, receipt, version, replayed: false });
    expect(await readLedger(tenant)).toMatchObject([{ id: entryId, units: 1 }]);
  });

  test("an entry that nobody settles is unsettled when its lease is over: charged, and its limits are free again", async () => {
    const tenant = await newTenant();
    const limits = { concurrency: [{ name: "one-at-a-time", per: "tenant", limit: 1 }] };
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: limits } });
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const [first, refused] = await cell.admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
      expect([first?.kind, refused?.kind]).toEqual(["admitted", "quota-exceeded"]);
      await evictDurableObject(cell);
      clock.advanceMs(60_000); // 10 s for the run and 50 s more
      expect(await runDurableObjectAlarm(cell)).toBe(true);
      expect(await readLedger(tenant)).toMatchObject([{ units: 1, outcome: "unsettled", compute_ms: 0 }]);
      const [next] = await cell.admit([inferRequest(tenant, "m")]);
      expect(next?.kind).toBe("admitted");
    });
  });

  test("an entry is settled once, however often its settlement comes", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    const [answer] = await cell.admit([inferRequest(tenant, "m")]);
    const { entryId } = requireAdmitted(answer);
    await cell.settle([settlementOf(entryId)]);
    await cell.settle([settlementOf(entryId, { outcome: "failed", computeMs: 9, bytesIn: 9, bytesOut: 9 })]);
    expect(await readLedger(tenant)).toMatchObject([
      { units: 1, outcome: "ok", compute_ms: 5, bytes_in: 10, bytes_out: 20 },
    ]);
  });

  test("a refusal in a batch debits nothing and does not touch its neighbours", async () => {
    const tenant = await newTenant({ limits: { burst: 2, rate_per_second: 1 } });
    await deploy(tenant, "m");
    const answers = await cellOf(tenant).admit([
      inferRequest(tenant, "no-such-model"),
      inferRequest(tenant, "m"),
      { ...inferRequest(tenant, "m"), credential: { kind: "key", hash: "unknown" } },
      inferRequest(tenant, "m"),
      inferRequest(tenant, "m"),
    ]);
    const kinds = answers.map((answer) => answer.kind);
    expect(kinds).toEqual(["model-not-found", "admitted", "unknown-key", "admitted", "quota-exceeded"]);
    expect(await readLedger(tenant)).toHaveLength(2);
  });

  test("a fault in the middle of a batch leaves neither entries nor a debit behind", async () => {
    const tenant = await newTenant({ limits: { burst: 1, rate_per_second: 1 } });
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    await runInDurableObject(cell, (_cell, state) => {
      state.storage.sql.exec(
        `CREATE TRIGGER broken BEFORE INSERT ON meters BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
      );
    });
    await runInDurableObject(cell, async (instance) => {
      await expect(instance.admit([inferRequest(tenant, "m")])).rejects.toThrow("the disk is full");
    });
    expect(await readLedger(tenant)).toEqual([]);
    await runInDurableObject(cell, (_cell, state) => {
      state.storage.sql.exec("DROP TRIGGER broken");
    });
    const [answer] = await cell.admit([inferRequest(tenant, "m")]);
    expect(answer?.kind).toBe("admitted");
  });

  test("a well-formed key of a tenant that does not exist is refused and writes nothing", async () => {
    const forged = newApiKey(newId("ten", 0), "live");
    const ghost = { id: newId("ten", 1), key: forged, call: callAsOperator };
    const [answer] = await cellOf(ghost).admit([inferRequest(ghost, "m")]);
    expect(answer).toEqual({ kind: "unknown-key" });
    const tables = await runInDurableObject(cellOf(ghost), (_cell, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('ledger_rows', 'hot_state')").toArray(),
    );
    expect(tables).toEqual([]);
    expect((await listDurableObjectIds(env.TENANT_CELL)).length).toBeGreaterThan(0);
  });

  test("a cell that lost everything but D1 loads its tenant, keys and models from there", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    await runInDurableObject(cell, async (_cell, state) => {
      await state.storage.deleteAll();
    });
    await evictDurableObject(cell);
    const [answer] = await cell.admit([inferRequest(tenant, "m")]);
    expect(answer?.kind).toBe("admitted");
  });

  test("a cell whose documents have an older form reads D1 again, and keeps its ledger and what is left of its limit", async () => {
    const tenant = await newTenant({ limits: { burst: 3, rate_per_second: 1 } });
    await deploy(tenant, "m");
    const cell = cellOf(tenant);
    await withStoppedClock("2030-01-01T00:00:00Z", async () => {
      await cell.admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
      await runInDurableObject(cell, (_cell, state) => {
        state.storage.sql.exec("DELETE FROM hot_state WHERE kind = 'format'");
        state.storage.sql.exec(`UPDATE hot_state SET body = '{"name":"m"}' WHERE kind = 'model'`);
      });
      await evictDurableObject(cell);
      const answers = await cell.admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
      expect(answers.map(({ kind }) => kind)).toEqual(["admitted", "quota-exceeded"]);
    });
    expect(await readLedger(tenant)).toHaveLength(3);
  });

  test("a credential is looked up by its hash alone: the key's text never reaches the cell", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const stored = await runInDurableObject(cellOf(tenant), (_cell, state) =>
      JSON.stringify(state.storage.sql.exec<{ body: string }>("SELECT body FROM hot_state").toArray()),
    );
    expect(stored).toContain(sha256(tenant.key));
    expect(stored).not.toContain(tenant.key);
  });
});
