import { describe, expect, it } from "vitest";
import { readArguments } from "../../../scripts/torture/options.ts";
import { countDifferences, describeReport } from "../../../scripts/torture/report.ts";

describe("a report", () => {
  const figures = [{ name: "requests", count: 100_000 }];

  it("says that all was counted once where nothing differs", () => {
    const report = { figures, checks: [{ name: "no key is charged twice", looked: 75_000, differences: [] }] };
    expect(countDifferences(report)).toBe(0);
    expect(describeReport(report)).toEqual([
      "requests                  100,000",
      "",
      "✓ no key is charged twice    75,000 looked at, 0 differ",
      "",
      "Every call was counted exactly once.",
    ]);
  });

  it("does not praise a check that has looked at nothing", () => {
    const report = { figures, checks: [{ name: "no key is charged twice", looked: 0, differences: [] }] };
    expect(describeReport(report).join("\n")).toContain("– no key is charged twice");
  });

  it("shows the first differences of a check, and how many more there are", () => {
    const differences = Array.from({ length: 7 }, (_, index) => `call ${index}`);
    const report = { figures, checks: [{ name: "a check", looked: 9, differences }] };
    expect(countDifferences(report)).toBe(7);
    expect(describeReport(report).join("\n")).toContain("    call 4\n    … and 2 more\n\n7 differences");
  });
});

describe("readArguments", () => {
  it("takes the full run where nothing is said", () => {
    expect(readArguments([])).toMatchObject({
      kind: "run",
      options: { requests: 100_000, kills: 20, seed: 1, tenants: 4, concurrency: 128 },
    });
  });

  it.each([["--requests=0"], ["--kills=-1"], ["--tenants=2"], ["--seed=x"], ["--unknown"], ["word"]])(
    "refuses %s with a reason",
    (argument) => {
      expect(readArguments([argument])).toMatchObject({ kind: "invalid" });
    },
  );
});
