import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Meter } from "../../src/admission/meters.rules.ts";
import type { Unit } from "../../src/admission/policies.rules.ts";
import { highestReached, percentOf, reachedNow, usedOf } from "../../src/usage/alerts.rules.ts";

function meter(amount: number, held = 0, raisedPercent = 0): Meter {
  return { amount, held, atMs: 0, raisedPercent };
}

describe("usedOf", () => {
  test.each<[Unit, number]>([
    ["requests", 10],
    ["inferences", 10], // charged at admission, whatever still runs
    ["compute_ms", 7],
    ["bytes_in", 7],
    ["bytes_out", 7],
    ["micro_usd", 7], // 10 − 3: what is held is a bound, not a use
  ])("of 10 %s, of which 3 are held, is %i", (unit, used) => {
    expect(usedOf(unit, meter(10, 3))).toBe(used);
  });
});

describe("percentOf", () => {
  test.each([
    [0, 100, 0],
    [29, 100, 29], // 29 / 100 · 100 = 28.999999999999996 in floating point
    [999, 1_000, 99],
    [1_000, 1_000, 100],
    [2_500, 1_000, 250],
    [1, 3, 33],
    [2, 3, 66],
    [0, 0, 0],
    [1, 0, 100], // more than nothing is all of it
  ])("of %i of %i is %i", (used, limit, percent) => {
    expect(percentOf(used, limit)).toBe(percent);
  });

  test("is floor(100 · used / limit) for all integers, which no floating-point number is", () => {
    const amount = fc.integer({ min: 1, max: 1_000_000_000_000_000 });
    fc.assert(
      fc.property(amount, amount, (used, limit) => {
        fc.pre(used <= 3 * limit);
        expect(percentOf(used, limit)).toBe(Number((BigInt(used) * 100n) / BigInt(limit)));
      }),
    );
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 100 }), fc.constantFrom(-1, 0, 1), (limit, percent, off) => {
        const used = Number((BigInt(limit) * BigInt(percent)) / 100n) + off; // on the very edge
        fc.pre(used > 0);
        expect(percentOf(used, limit)).toBe(Number((BigInt(used) * 100n) / BigInt(limit)));
      }),
    );
  });
});

describe("reachedNow", () => {
  const quota = { unit: "inferences", limit: 10 } as const;

  test.each([
    [4, 0, []],
    [5, 0, [50]],
    [5, 50, []],
    [9, 0, [50, 80, 90]],
    [9, 80, [90]],
    [25, 90, [100]],
    [25, 100, []],
  ])("of %i of 10, with %i %% told, tells %j", (used, raisedPercent, told) => {
    expect(reachedNow(quota, meter(used, 0, raisedPercent))).toEqual(told);
  });
});

test("highestReached is the highest share that there is to tell of", () => {
  const quota = { unit: "micro_usd", limit: 1_000 } as const;
  const used = [0, 499, 500, 899, 5_000];
  expect(used.map((amount) => highestReached(quota, meter(amount, 0, 100)))).toEqual([0, 0, 50, 80, 100]);
});
