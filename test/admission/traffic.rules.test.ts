import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ROUTING_KEY,
  type Traffic,
  faultOfWeights,
  pickVersion,
  withoutIdle,
} from "../../src/admission/traffic.rules.ts";
import { type ModelId, idFromBody } from "../../src/shared/ids.ts";

/** Models whose ids stay the same, so that the callers' versions do too: no run is luckier than another. */
function modelOf(number: number): ModelId {
  const id = idFromBody("mdl", String(number).padStart(26, "0"));
  if (!id) throw new Error(`No model's id can be made of ${number}.`);
  return id;
}

const CALLERS = Array.from({ length: 10_000 }, (_, index) => `caller-${index}`);

function picksOf(traffic: Traffic, modelId = modelOf(0)): (number | undefined)[] {
  return CALLERS.map((caller) => pickVersion(traffic, modelId, caller));
}

/** Percent of the callers that get this version. */
function shareOf(picks: readonly (number | undefined)[], version: number): number {
  return (100 * picks.filter((pick) => pick === version).length) / picks.length;
}

describe("weights", () => {
  test.each([{ "1": 100 }, { "1": 90, "2": 10 }, { "1": 100, "2": 0 }, { "1": 33, "2": 33, "7": 34 }])(
    "may be %j",
    (weights) => {
      expect(faultOfWeights(weights)).toBeUndefined();
    },
  );

  test.each([
    [{}, "sum to 0"],
    [{ "1": 99 }, "sum to 99"],
    [{ "1": 90, "2": 11 }, "sum to 101"],
    [{ "1": 99.5, "2": 0.5 }, "whole number"],
    [{ "1": 101, "2": -1 }, "from 0 to 100"],
    [{ "1": Number.NaN }, "whole number"],
  ])("may not be %j", (weights, reason) => {
    expect(faultOfWeights(weights)).toContain(reason);
  });

  test("of nothing are left out", () => {
    expect(withoutIdle({ "1": 0, "2": 100, "3": 0 })).toEqual({ "2": 100 });
  });
});

describe("a routing key", () => {
  test.each(["a", "user-4711", "x".repeat(256), '"{}~!'])("may be %j", (key) => {
    expect(ROUTING_KEY.test(key)).toBe(true);
  });

  test.each(["", " ", "a b", "x".repeat(257), "ä", "a\n", "\u007f"])("may not be %j", (key) => {
    expect(ROUTING_KEY.test(key)).toBe(false);
  });
});

describe("the version that a caller gets", () => {
  const modelId = modelOf(0);

  test("is the same every time", () => {
    const traffic = { "1": 50, "2": 50 };
    expect(picksOf(traffic, modelId)).toEqual(picksOf(traffic, modelId));
  });

  test("is of two versions the first for its weight's share of 10,000 callers, within 1.5 points, whatever the model", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 ** 40 }), (weight, bornMs) => {
        const picks = picksOf({ "1": weight, "2": 100 - weight }, modelOf(bornMs));
        expect(Math.abs(shareOf(picks, 1) - weight)).toBeLessThanOrEqual(1.5);
        expect(shareOf(picks, 1) + shareOf(picks, 2)).toBe(100);
      }),
      { numRuns: 40, seed: 1 }, // 1.5 points are three standard deviations: chance would pass them now and then
    );
  });

  test("is of several versions each for its weight's share", () => {
    const picks = picksOf({ "1": 50, "2": 30, "9": 15, "10": 5 }, modelId);
    const shares = [1, 2, 9, 10].map((version) => shareOf(picks, version));
    for (const [index, weight] of [50, 30, 15, 5].entries()) {
      expect(Math.abs((shares[index] ?? 0) - weight)).toBeLessThanOrEqual(1.5);
    }
  });

  test("changes, when a weight of two grows, only from the version that shrinks to the one that grows", () => {
    const weights = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(weights, weights, (one, other) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        const before = picksOf({ "1": 100 - small, "2": small }, modelId);
        const after = picksOf({ "1": 100 - large, "2": large }, modelId);
        // Whoever had version 2 has it still; so those who moved are no more than the weights say.
        expect(before.filter((pick, index) => pick === 2 && after[index] !== 2)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("of one model says nothing of another: the same callers are not always the first", () => {
    const traffic = { "1": 50, "2": 50 };
    const [one, other] = [picksOf(traffic, modelOf(1)), picksOf(traffic, modelOf(2))];
    const agreed = one.filter((pick, index) => pick === other[index]).length / CALLERS.length;
    expect(Math.abs(agreed - 0.5)).toBeLessThanOrEqual(0.02);
  });

  test("is none where nothing has any weight", () => {
    expect(pickVersion({}, modelId, "caller")).toBeUndefined();
    expect(pickVersion({ "1": 0 }, modelId, "caller")).toBeUndefined();
  });
});
