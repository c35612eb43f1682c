import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { LedgerRow } from "../../src/usage/chain.rules.ts";
import { readRows } from "../../src/usage/ledger.store.ts";
import { GRANULARITIES, type Granularity, type UsageQuery } from "../../src/usage/usage.rules.ts";
import type { EntryId } from "../../src/shared/ids.ts";
import { cellOf, evictCell, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { type StoppedClock, withStoppedClock } from "../support/clock.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, newKey, newTenant } from "../support/tenant.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const START = "2030-01-15T10:20:30Z"; // far ahead, so that no alarm goes off by itself

async function readUsage(tenant: TestTenant, query: Partial<UsageQuery> = {}) {
  const whole = { fromMs: Date.parse(START) - DAY, toMs: Date.now() + 1, granularity: "day" } as const;
  const answer = await cellOf(tenant).usage({ ...whole, groupBy: [], only: {}, ...query });
  if (answer.kind !== "usage") throw new Error("The answer has more rows than a test asks for.");
  return answer.rows;
}

/** How many rows each span has. */
async function spansOf(tenant: TestTenant): Promise<Record<string, number>> {
  return await runInDurableObject(cellOf(tenant), (_cell, state) => {
    const rows = state.storage.sql.exec<{ span: string; rows: number }>(
      "SELECT span, count(*) AS rows FROM usage GROUP BY span ORDER BY span",
    );
    return Object.fromEntries(rows.toArray().map(({ span, rows: count }) => [span, count]));
  });
}

async function inferOnce(tenant: TestTenant): Promise<void> {
  const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m")]);
  await cellOf(tenant).settle([settlementOf(requireAdmitted(answer).entryId)]);
}

describe("usage gets older", () => {
  test("and is kept by the minute for 32 days, by the hour for 400, and then by the day", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await deploy(tenant, "m");
      await inferOnce(tenant); // at 10:20
      clock.advanceMs(MINUTE);
      await inferOnce(tenant); // at 10:21
      clock.advanceMs(HOUR);
      await inferOnce(tenant); // at 11:21
      expect(await spansOf(tenant)).toEqual({ minute: 6 }); // an "ok" each, and a "pending" that is none any more
      clock.advanceMs(31 * DAY);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await spansOf(tenant)).toEqual({ minute: 6 });
      clock.advanceMs(2 * DAY);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await spansOf(tenant)).toEqual({ hour: 2 });
      clock.advanceMs(367 * DAY);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await spansOf(tenant)).toEqual({ hour: 2 });
      clock.advanceMs(DAY);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await spansOf(tenant)).toEqual({ day: 1 });
      expect(await readUsage(tenant)).toMatchObject([
        { startMs: Date.parse("2030-01-15T00:00:00Z"), inferences: 3, ok: 3 },
      ]);
    });
  });

  test("and a question about it is rounded outward to what is kept, whether or not it has been merged yet", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await deploy(tenant, "m");
      await inferOnce(tenant); // at 10:20:30
      const asked = { fromMs: Date.parse("2030-01-15T10:30:00Z"), toMs: Date.parse("2030-01-15T10:31:00Z") };
      expect(await readUsage(tenant, asked)).toEqual([]);
      clock.advanceMs(33 * DAY);
      const hour = [{ startMs: Date.parse("2030-01-15T10:00:00Z"), inferences: 1 }];
      expect(await readUsage(tenant, { ...asked, granularity: "minute" })).toMatchObject(hour);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await readUsage(tenant, { ...asked, granularity: "minute" })).toMatchObject(hour);
      clock.advanceMs(368 * DAY);
      const day = [{ startMs: Date.parse("2030-01-15T00:00:00Z"), inferences: 1 }];
      expect(await readUsage(tenant, { ...asked, granularity: "minute" })).toMatchObject(day);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await readUsage(tenant, { ...asked, granularity: "hour" })).toMatchObject(day);
    });
  });

  test("and merges in steps that keep nobody waiting, with the same sums after each", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await deploy(tenant, "m");
      await inferOnce(tenant);
      await runInDurableObject(cellOf(tenant), (_cell, state) => {
        state.storage.sql.exec(
          `WITH RECURSIVE caller(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM caller WHERE n < 2500)
           INSERT INTO usage SELECT span, start_ms, 'key_' || n, version_id, outcome, model_id, model, version, runtime,
             count, units, cost_micro_usd, compute_ms, bytes_in, bytes_out FROM usage, caller WHERE outcome = 'ok'`,
        );
      });
      clock.advanceMs(34 * DAY);
      const inferences = 2_501;
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await spansOf(tenant)).toEqual({ hour: 1_999, minute: 502 }); // of the first 2,000, a "pending" is none any more
      expect(await readUsage(tenant)).toMatchObject([{ inferences }]);
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await spansOf(tenant)).toEqual({ hour: 2_501 });
      expect(await readUsage(tenant)).toMatchObject([{ inferences }]);
    });
  });

  test("and a step that fails changes nothing", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await deploy(tenant, "m");
      await inferOnce(tenant);
      clock.advanceMs(34 * DAY);
      const cell = cellOf(tenant);
      await runInDurableObject(cell, async (instance, state) => {
        const { sql } = state.storage;
        sql.exec("CREATE TRIGGER broken BEFORE DELETE ON usage BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
        const logged = vi.spyOn(console, "error").mockReturnValue();
        await instance.alarm();
        expect(JSON.stringify(logged.mock.calls)).toContain("the disk is full");
        logged.mockRestore();
        sql.exec("DROP TRIGGER broken");
      });
      expect(await spansOf(tenant)).toEqual({ minute: 2 });
      expect(await readUsage(tenant)).toMatchObject([{ inferences: 1 }]);
    });
  });
});

/** What may befall a cell. */
type Step =
  | { readonly kind: "admit"; readonly calls: readonly { readonly model: string; readonly isOther: boolean }[] }
  | { readonly kind: "settle"; readonly outcome: "ok" | "rejected" | "failed"; readonly most: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "evict" | "alarm" };

const call = fc.record({ model: fc.constantFrom("a", "a", "b", "none"), isOther: fc.boolean() });
const waitFor = (...lengthsMs: readonly number[]) =>
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(...lengthsMs) });
const soon: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("admit" as const), calls: fc.array(call, { maxLength: 5 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      outcome: fc.constantFrom("ok" as const, "ok" as const, "rejected" as const, "failed" as const),
      most: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 4, arbitrary: waitFor(7_000, MINUTE, HOUR + 1, 10 * HOUR) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("evict" as const, "alarm" as const) }) },
);
const later: fc.Arbitrary<Step[]> = fc
  .tuple(waitFor(5 * DAY + 3 * HOUR, 33 * DAY, 210 * DAY, 401 * DAY), fc.integer({ min: 0, max: 2 }))
  .map(([wait, alarms]) => [wait, ...Array.from({ length: alarms }, () => ({ kind: "alarm" as const }))]);
/** Much within some hours, then nothing for days or months; and again. */
const steps = fc
  .array(fc.tuple(fc.array(soon, { minLength: 6, maxLength: 14 }), later), { minLength: 3, maxLength: 5 })
  .map((bouts) => bouts.flat(2));

/** A tenant to whom things happen, and what its ledger and its refusals came to, row by row. */
class History {
  readonly tenant: TestTenant;
  readonly #otherKey: string;
  readonly #clock: StoppedClock;
  readonly ledger: LedgerRow[] = [];
  readonly refusedAtMs: number[] = [];
  readonly #open: EntryId[] = [];

  constructor(tenant: TestTenant, otherKey: string, clock: StoppedClock) {
    this.tenant = tenant;
    this.#otherKey = otherKey;
    this.#clock = clock;
  }

  async take(next: Step): Promise<void> {
    const cell = cellOf(this.tenant);
    if (next.kind === "admit") await this.#admit(next.calls);
    else if (next.kind === "settle") {
      const ended = this.#open.splice(0, next.most);
      await cell.settle(ended.map((id, index) => settlementOf(id, { outcome: next.outcome, computeMs: 3 + index })));
    } else if (next.kind === "wait") this.#clock.advanceMs(next.ms);
    else if (next.kind === "evict") await evictCell(this.tenant);
    else await runDurableObjectAlarm(cell);
    const after = this.ledger.at(-1)?.seq ?? 0;
    const rows = await runInDurableObject(cell, (_cell, state) => readRows(state.storage.sql, after, 10_000));
    this.ledger.push(...rows);
  }

  async #admit(calls: Extract<Step, { kind: "admit" }>["calls"]): Promise<void> {
    const other = { ...this.tenant, key: this.#otherKey };
    const requests = calls.map(({ model, isOther }) => inferRequest(isOther ? other : this.tenant, model));
    for (const answer of await cellOf(this.tenant).admit(requests)) {
      if (answer.kind === "admitted") this.#open.push(answer.entryId);
      else this.refusedAtMs.push(Date.now());
    }
  }
}

/** Where an interval begins, as docs/usage.md says: no finer than what is kept of its age. */
function intervalOf(atMs: number, granularity: Granularity): number {
  if (granularity === "month") return Date.UTC(new Date(atMs).getUTCFullYear(), new Date(atMs).getUTCMonth());
  const keptSince = (days: number): number => Math.floor((Date.now() - days * DAY) / DAY) * DAY;
  const kept = atMs >= keptSince(32) ? MINUTE : atMs >= keptSince(400) ? HOUR : DAY;
  const length = Math.max(kept, { minute: MINUTE, hour: HOUR, day: DAY }[granularity]);
  return Math.floor(atMs / length) * length;
}

/** The sums over the rows of the ledger, each in the interval of its entry's admission. */
function sumLedger({ ledger, refusedAtMs }: History, granularity: Granularity) {
  const sums = new Map<number, Record<string, number>>();
  const add = (atMs: number, figures: Record<string, number>): void => {
    const startMs = intervalOf(atMs, granularity);
    const sum = sums.get(startMs) ?? { startMs };
    for (const [name, figure] of Object.entries(figures)) sum[name] = (sum[name] ?? 0) + figure;
    sums.set(startMs, sum);
  };
  for (const rows of Map.groupBy(ledger, ({ entryId }) => entryId).values()) {
    const admittedAtMs = rows[0]?.atMs ?? 0;
    add(admittedAtMs, { [rows.at(-1)?.outcome ?? ""]: 1 });
    for (const { units, costMicroUsd, computeMs, bytesIn, bytesOut } of rows) {
      add(admittedAtMs, { inferences: units, costMicroUsd, computeMs, bytesIn, bytesOut });
    }
  }
  for (const atMs of refusedAtMs) add(atMs, { refused: 1 });
  return [...sums.values()].toSorted((a, b) => (a["startMs"] ?? 0) - (b["startMs"] ?? 0));
}

const NOTHING = { group: {}, inferences: 0, pending: 0, ok: 0, rejected: 0, failed: 0, unsettled: 0 };
const NO_SUMS = { costMicroUsd: 0, computeMs: 0, bytesIn: 0, bytesOut: 0, refused: 0 };

describe("whatever happens and in whatever order,", () => {
  test("usage of any granularity equals the sums over the ledger", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        await withStoppedClock(START, async (clock) => {
          const tenant = await newTenant();
          for (const model of ["a", "b"]) await deploy(tenant, model);
          const history = new History(tenant, await newKey(tenant.id, ["models:infer"]), clock);
          for (const [index, next] of all.entries()) {
            await history.take(next);
            const granularity = GRANULARITIES[index % GRANULARITIES.length] ?? "day";
            const rows = await readUsage(tenant, { granularity });
            const told = rows.map(({ refusals, ...row }) => ({ ...row, refused: refusals["model-not-found"] ?? 0 }));
            expect(told).toEqual(sumLedger(history, granularity).map((sum) => ({ ...NOTHING, ...NO_SUMS, ...sum })));
          }
        });
      }),
      { numRuns: 6 },
    );
  });
});
