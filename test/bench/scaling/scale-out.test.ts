import { describe, expect, test } from "vitest";
import { simulatePostpaid } from "../../../bench/scaling/postpaid.ts";
import { type PrepaidResult, simulateHomeOnly, simulatePrepaid } from "../../../bench/scaling/prepaid.ts";
import { CELL_REGIONS, HOME, REGIONS } from "../../../bench/scaling/regions.ts";
import { CRASHES, FAULTS, SCENARIO } from "../../../bench/scaling/scale-out.ts";
import type { Scenario } from "../../../bench/scaling/scenario.ts";

/** Twice as many calls as the budget is for, in a world in which everything goes wrong. */
const HARD: Scenario = { ...SCENARIO, seconds: 10, budgetUnits: 10_000, faults: FAULTS, crashes: CRASHES };

function summaryOf({ tally, left, lostDatabases }: PrepaidResult) {
  const outcomes = (["admitted", "refused", "unavailable"] as const).map((outcome) => tally.count(outcome));
  const times = REGIONS.map((region) => tally.timesOf(region));
  return { outcomes, times, left, lostDatabases, netUnits: tally.netUnits, messages: tally.messages };
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe("prepaid regional cells", () => {
  test("do the same in every run with the same seed", () => {
    const [one, other] = [simulatePrepaid(HARD), simulatePrepaid(HARD)];
    expect(summaryOf(other)).toEqual(summaryOf(one));
    expect(summaryOf(simulatePrepaid({ ...HARD, seed: 2 }))).not.toEqual(summaryOf(one));
  });

  test.each(SEEDS)("never overspend and never strand more than the bound (seed %i)", (seed) => {
    const { tally, boundUnits, left, lostDatabases } = simulatePrepaid({ ...HARD, seed });
    expect(tally.overspentUnits).toBe(0);
    expect(tally.maxStrandedUnits).toBeLessThanOrEqual(boundUnits);
    expect(left.lostUnits).toBeLessThanOrEqual(lostDatabases * HARD.maxWindowUnits);
    // The faults were real: calls met cells that were down, and there was more demand than budget.
    expect(tally.count("unavailable")).toBeGreaterThan(50);
    expect(tally.count("refused")).toBeGreaterThan(1_000);
  });

  test("spend a budget to its last unit where no database is lost", () => {
    const { tally } = simulatePrepaid({ ...HARD, crashes: { ...CRASHES, losesDisk: 0 }, seconds: 20 });
    expect(tally.netUnits).toBe(HARD.budgetUnits);
  });

  test("answer within their region, where one cell for the world makes callers wait for the distance", () => {
    const [near, far] = [simulatePrepaid({ ...SCENARIO, seconds: 30 }).tally, simulateHomeOnly(SCENARIO)];
    for (const region of CELL_REGIONS) {
      expect(far.timesOf(region).p50Ms).toBeGreaterThan(region.toHomeMs);
      expect(near.timesOf(region).p99Ms).toBeLessThan(region.toHomeMs);
      expect(near.timesOf(region).p50Ms).toBeLessThan(15);
    }
  });

  test("tell callers that they are unavailable, not that the budget is spent, where the home cell can't be reached", () => {
    const { tally } = simulatePrepaid({ ...SCENARIO, seconds: 10, faults: { ...FAULTS, lost: 1 } });
    expect(tally.count("refused")).toBe(0);
    expect(tally.count("unavailable")).toBeGreaterThan(1_000);
    const admitted = REGIONS.filter((region) => tally.timesOf(region).admitted > 0);
    expect(new Set(admitted.map(({ nearest }) => nearest))).toEqual(new Set([HOME]));
  });
});

describe("post-paid regional cells", () => {
  test.each(SEEDS)("overspend without any fault (seed %i)", (seed) => {
    const scenario = { ...HARD, seed, budgetUnits: 200, faults: SCENARIO.faults, crashes: undefined };
    expect(simulatePostpaid(scenario).overspentUnits).toBeGreaterThan(2 * scenario.budgetUnits);
    expect(simulatePrepaid(scenario).tally.overspentUnits).toBe(0);
  });
});
