import { describe, expect, it } from "vitest";
import { drawPlan } from "../../../scripts/torture/plan.ts";

const SIZE = { requests: 10_000, kills: 20, seed: 1, weights: [3, 1], questions: 5 };

describe("a plan", () => {
  it("has a quarter of its requests as repeats, of each kind about as many", () => {
    const { calls } = drawPlan(SIZE);
    const kinds = calls.flatMap(({ repeat }) => repeat?.kind ?? []);
    expect(calls).toHaveLength(7_500);
    expect(kinds).toHaveLength(2_500);
    // 2,500 / 3 = 833; a standard deviation is 24
    for (const kind of ["in-flight", "answered", "lost"]) {
      expect(Math.abs(kinds.filter((drawn) => drawn === kind).length - 833)).toBeLessThan(100);
    }
  });

  it("is the same for the same seed, and another for another", () => {
    expect(drawPlan(SIZE)).toEqual(drawPlan(SIZE));
    expect(drawPlan({ ...SIZE, seed: 2 }).blows).not.toEqual(drawPlan(SIZE).blows);
    expect(drawPlan({ ...SIZE, seed: 2 }).calls).not.toEqual(drawPlan(SIZE).calls);
  });

  it("calls each tenant and asks each question by its weight", () => {
    const { calls } = drawPlan(SIZE);
    // 7,500 · 3 / 4 = 5,625; a standard deviation is 38
    expect(Math.abs(calls.filter(({ tenant }) => tenant === 0).length - 5_625)).toBeLessThan(160);
    expect(new Set(calls.map(({ question }) => question))).toEqual(new Set([0, 1, 2, 3, 4, "nonsense"]));
    // 7,500 / 20 = 375; a standard deviation is 19
    expect(Math.abs(calls.filter(({ question }) => question === "nonsense").length - 375)).toBeLessThan(80);
  });

  it("kills as often as it is told, in the order of the calls", () => {
    const { blows } = drawPlan(SIZE);
    expect(blows.filter(({ what }) => what.kind === "kill")).toHaveLength(20);
    expect(blows).toEqual(blows.toSorted((one, other) => one.atCall - other.atCall));
    for (const { atCall } of blows) expect(atCall).toBeLessThanOrEqual(7_500 * 0.95);
  });
});
