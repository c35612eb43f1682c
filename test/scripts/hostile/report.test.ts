import { describe, expect, it } from "vitest";

import type { HostileFile } from "../../../scripts/hostile/manifest.ts";
import { summarize } from "../../../scripts/hostile/neighbour.ts";
import { readArguments } from "../../../scripts/hostile/options.ts";
import { listFaults } from "../../../scripts/hostile/report.ts";

const file: HostileFile = {
  file: "h.onnx",
  kind: "k",
  what: "w",
  expect: "reject",
  observed_ort_web_1_30: { outcome: "ran" },
};

describe("the faults of a run", () => {
  const nothing = { results: [], notRun: [], alone: [], leftovers: [] };

  it("are none where all is as expected", () => {
    const result = { file, steps: [], calls: [{ dueAtMs: 0, latencyMs: 1 }], faults: [] };
    expect(listFaults({ ...nothing, results: [result] })).toEqual([]);
  });

  it("are the models' own, the other tenant's, the models that were not run and what is left", () => {
    const calls = [{ dueAtMs: 0, latencyMs: 1, fault: "answered 500 instead of 200" }];
    const results = [{ file, steps: [], calls, faults: ["was accepted at upload"] }];
    expect(listFaults({ ...nothing, results, notRun: [file], leftovers: ["an object"] })).toEqual([
      "h.onnx: was accepted at upload",
      "h.onnx: the other tenant's call: answered 500 instead of 200",
      "h.onnx: was not run",
      "an object",
    ]);
  });
});

it("sums calls up by their middle and largest latency", () => {
  const calls = [30, 10, 20].map((latencyMs) => ({ dueAtMs: 0, latencyMs }));
  expect(summarize(calls)).toEqual({ p50Ms: 20, maxMs: 30, faults: [] });
});

describe("readArguments", () => {
  it("leaves endless models out unless they are asked for", () => {
    expect(readArguments(["d"])).toMatchObject({ options: { directory: "d", includeEndless: false } });
    expect(readArguments(["d", "--include-endless"])).toMatchObject({ options: { includeEndless: true } });
  });

  it.each([[[]], [["d", "e"]], [["d", "--unknown"]]])("refuses %j with a reason", (args) => {
    expect(readArguments(args)).toMatchObject({ kind: "invalid" });
  });
});
