import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../bench/scaling/calls.ts";
import { HomeCell } from "../../../bench/scaling/home-cell.ts";
import type { Grant, Report } from "../../../bench/scaling/regional-budget.rules.ts";
import { REGIONS } from "../../../bench/scaling/regions.ts";
import { RegionalCell } from "../../../bench/scaling/regional-cell.ts";
import { Tally } from "../../../bench/scaling/tally.ts";
import { Timeline } from "../../../bench/scaling/timeline.ts";

const BUDGET = 1_000;
const [, REGION] = REGIONS;

/** One region that reaches its home cell at once, and nothing is refunded. */
function newCell(isReachable: () => boolean = () => true) {
  if (!REGION) throw new Error("There are regions.");
  const timeline = new Timeline();
  const random = { next: () => 0.5, happens: () => false, exponential: (mean: number) => mean };
  const tally = new Tally(BUDGET);
  const home = new HomeCell(timeline, random, tally, BUDGET, { maxWindowUnits: 100, regions: 1 });
  const grants: (() => void)[] = [];
  const ask = (name: string, report: Report, onGrant: (grant: Grant) => void): void => {
    if (!isReachable()) return;
    home.hear(name, report, (grant) => {
      grants.push(() => onGrant(grant));
      onGrant(grant);
    });
  };
  const settings = { region: REGION, reportMs: 1_000, maxWindowUnits: 100, ask };
  const cell = new RegionalCell(timeline, random, tally, settings);
  const outcomes: Outcome[] = [];
  const call = (): void => cell.receive({ region: REGION, answer: (outcome) => void outcomes.push(outcome) });
  return { timeline, tally, home, cell, call, outcomes, grants };
}

describe("a regional cell", () => {
  test("gives everything back after an interval without a call", () => {
    const { timeline, home, cell, call } = newCell();
    for (let number = 0; number < 10; number++) call();
    timeline.runUntil(100);
    expect(cell.availableUnits).toBe(90); // a window of 100, less 10
    timeline.runUntil(2_000);
    expect(cell.availableUnits).toBe(0);
    expect(home.freeUnits).toBe(BUDGET - 10);
  });

  test("serves what it holds while the home cell can't be reached, and charges nobody it could not serve", () => {
    let isReachable = true;
    const { timeline, tally, call, outcomes } = newCell(() => isReachable);
    call();
    timeline.runUntil(100);
    isReachable = false;
    for (let number = 0; number < 150; number++) call();
    timeline.runUntil(10_000);
    expect(outcomes.filter((outcome) => outcome === "admitted")).toHaveLength(100);
    expect(outcomes.filter((outcome) => outcome === "unavailable")).toHaveLength(51);
    expect(tally.netUnits).toBe(100);
  });

  test("takes no grant that was meant for the database it has lost", () => {
    const { timeline, cell, call, grants } = newCell();
    call();
    timeline.runUntil(100);
    expect(cell.crash(10, true)).toBe(99);
    timeline.runUntil(150);
    for (const takeAgain of grants.slice(0, 1)) takeAgain();
    expect(cell.availableUnits).toBe(0);
  });

  test("charges no call of a commit that a crash prevents", () => {
    const { timeline, tally, cell, call, outcomes } = newCell();
    call();
    cell.crash(10, false);
    timeline.runUntil(5_000);
    expect(outcomes).toEqual(["unavailable"]);
    expect(tally.netUnits).toBe(0);
  });
});
