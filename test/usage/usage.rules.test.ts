import { describe, expect, test } from "vitest";
import { type LedgerSum, joinUsage, totalUsage } from "../../src/usage/usage.rules.ts";

const HOUR = 3_600_000;

function sum(startMs: number, model: string | undefined, inferences: number): LedgerSum {
  return { startMs, model, inferences, rejected: 1, failed: 2, computeMs: 30, bytesIn: 400, bytesOut: 5_000 };
}

const NOTHING = { inferences: 0, rejected: 0, failed: 0, computeMs: 0, bytesIn: 0, bytesOut: 0 };

describe("joinUsage", () => {
  test("puts the refusals of an interval into its row, by reason", () => {
    const refusals = [
      { startMs: 0, model: "a", reason: "quota-exceeded", count: 3 },
      { startMs: 0, model: "a", reason: "insufficient-scope", count: 1 },
    ];
    expect(joinUsage([sum(0, "a", 7)], refusals)).toEqual([
      { ...sum(0, "a", 7), refusals: { "quota-exceeded": 3, "insufficient-scope": 1 } },
    ]);
  });

  test("makes a row of nothing but refusals where nothing ran", () => {
    const refusals = [{ startMs: HOUR, model: undefined, reason: "quota-exceeded", count: 2 }];
    expect(joinUsage([], refusals)).toEqual([
      { ...NOTHING, startMs: HOUR, model: undefined, refusals: { "quota-exceeded": 2 } },
    ]);
  });

  test("keeps intervals apart, and models of one interval", () => {
    const sums = [sum(0, "a", 1), sum(0, "b", 2), sum(HOUR, "a", 3)];
    const refusals = [{ startMs: 0, model: "b", reason: "quota-exceeded", count: 9 }];
    expect(joinUsage(sums, refusals).map(({ refusals: counted }) => counted)).toEqual([
      {},
      { "quota-exceeded": 9 },
      {},
    ]);
  });

  test("is in order of time, then of model", () => {
    const rows = joinUsage([sum(HOUR, "a", 1), sum(0, "b", 1), sum(0, "a", 1)], []);
    expect(rows.map(({ startMs, model }) => [startMs, model])).toEqual([
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
    // 7 + 5 = 12, 1 + 1 = 2, 2 + 2 = 4, 30 + 30 = 60, 400 + 400 = 800, 5,000 + 5,000 = 10,000; refusals 3 + 4 = 7 and 1.
    expect(totalUsage(rows)).toEqual({
      inferences: 12,
      rejected: 2,
      failed: 4,
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
