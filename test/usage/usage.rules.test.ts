import { describe, expect, test } from "vitest";
import { type LedgerSum, joinUsage, totalUsage } from "../../src/usage/usage.rules.ts";

const HOUR = 3_600_000;

function sum(startMs: number, model: string | undefined, inferences: number): LedgerSum {
  const outcomes = { pending: 6, ok: 3, rejected: 1, failed: 2, unsettled: 4 };
  const figures = { inferences, ...outcomes, costMicroUsd: 70, computeMs: 30, bytesIn: 400, bytesOut: 5_000 };
  return { startMs, group: model === undefined ? {} : { model }, ...figures };
}

const NO_OUTCOMES = { pending: 0, ok: 0, rejected: 0, failed: 0, unsettled: 0 };
const NOTHING = { inferences: 0, ...NO_OUTCOMES, costMicroUsd: 0, computeMs: 0, bytesIn: 0, bytesOut: 0 };

describe("joinUsage", () => {
  test("puts the refusals of an interval into its row, by reason", () => {
    const refusals = [
      { startMs: 0, group: { model: "a" }, reason: "quota-exceeded", count: 3 },
      { startMs: 0, group: { model: "a" }, reason: "insufficient-scope", count: 1 },
    ];
    expect(joinUsage([sum(0, "a", 7)], refusals)).toEqual([
      { ...sum(0, "a", 7), refusals: { "quota-exceeded": 3, "insufficient-scope": 1 } },
    ]);
  });

  test("makes a row of nothing but refusals where nothing ran", () => {
    const refusals = [{ startMs: HOUR, group: {}, reason: "quota-exceeded", count: 2 }];
    expect(joinUsage([], refusals)).toEqual([
      { ...NOTHING, startMs: HOUR, group: {}, refusals: { "quota-exceeded": 2 } },
    ]);
  });

  test("keeps intervals apart, and models of one interval", () => {
    const sums = [sum(0, "a", 1), sum(0, "b", 2), sum(HOUR, "a", 3)];
    const refusals = [{ startMs: 0, group: { model: "b" }, reason: "quota-exceeded", count: 9 }];
    expect(joinUsage(sums, refusals).map(({ refusals: counted }) => counted)).toEqual([
      {},
      { "quota-exceeded": 9 },
      {},
    ]);
  });

  test("keeps refusals out of groups that they have no part in", () => {
    const ran: LedgerSum = { ...sum(0, "a", 1), group: { model: "a", outcome: "ok" } };
    const refusals = [{ startMs: 0, group: { model: "a", outcome: null }, reason: "quota-exceeded", count: 2 }];
    expect(joinUsage([ran], refusals)).toEqual([
      { ...NOTHING, ...refusals[0], reason: undefined, count: undefined, refusals: { "quota-exceeded": 2 } },
      { ...ran, refusals: {} },
    ]);
  });

  test("puts versions in the order of their numbers", () => {
    const sums = [10, 9, 1].map((version) => ({ ...sum(0, "a", 1), group: { model: "a", version } }));
    expect(joinUsage(sums, []).map(({ group }) => group.version)).toEqual([1, 9, 10]);
  });

  test("is in order of time, then of model", () => {
    const rows = joinUsage([sum(HOUR, "a", 1), sum(0, "b", 1), sum(0, "a", 1)], []);
    expect(rows.map(({ startMs, group }) => [startMs, group.model])).toEqual([
      [0, "a"],
      [0, "b"],
      [HOUR, "a"],
    ]);
  });
});

describe("totalUsage", () => {
  test("is the sum of every figure, and of the refusals by reason", () => {
    const rows = [
      { ...sum(0, "a", 7), refusals: { "quota-exceeded": 3 } },
      { ...sum(HOUR, "a", 5), refusals: { "quota-exceeded": 4, "model-not-found": 1 } },
    ];
    // 7 + 5 = 12, twice 6, 3, 1, 2, 4, 70, 30, 400 and 5,000; refusals 3 + 4 = 7 and 1.
    expect(totalUsage(rows)).toEqual({
      inferences: 12,
      pending: 12,
      ok: 6,
      rejected: 2,
      failed: 4,
      unsettled: 8,
      costMicroUsd: 140,
      computeMs: 60,
      bytesIn: 800,
      bytesOut: 10_000,
      refusals: { "quota-exceeded": 7, "model-not-found": 1 },
    });
  });

  test("of nothing is nothing", () => {
    expect(totalUsage([])).toEqual({ ...NOTHING, refusals: {} });
  });
});
