import { describe, expect, test } from "vitest";
import type { OnnxFile } from "../../engine/onnx-file.ts";
import type { Inspection, Trial } from "../../engine/signature.ts";
import {
  reasonForContainer,
  reasonsAgainstIsolate,
  tooLargeToLoad,
  tooLargeToRun,
} from "../../src/models/placement.rules.ts";

const MIB = 1024 * 1024;
const file: OnnxFile = { opset: { "": 17 }, operators: ["Add"], producer: "", nodeRuns: 1, unbounded: [] };

describe("sizes", () => {
  test("a file is loaded when two of it fit into an isolate, and one byte more is too large", () => {
    // 128 MiB / 2 = 64 MiB = 67,108,864 bytes.
    expect(tooLargeToLoad(64 * MIB)).toBeUndefined();
    const reason = tooLargeToLoad(64 * MIB + 1);
    expect(reason).toContain("67108865 bytes");
    expect(reason).toContain("67108864 bytes are the most");
  });

  test("a loaded model runs when its file and ONNX Runtime's heap fit together, and one byte more is too large", () => {
    // 28 MiB of file + 100 MiB of heap = 128 MiB.
    expect(tooLargeToRun(28 * MIB, 100 * MIB)).toBeUndefined();
    const reason = tooLargeToRun(28 * MIB + 1, 100 * MIB);
    expect(reason).toContain("134217729 bytes"); // 29,360,129 + 104,857,600
    expect(reason).toContain("29360129");
    expect(reason).toContain("104857600");
  });
});

describe("an isolate is ruled out", () => {
  test("by every loop whose end can't be told, each by its own sentence", () => {
    const unbounded = ['Loop "a" has no constant trip count.', 'Scan "b" runs over an input of open length.'];
    expect(reasonsAgainstIsolate({ ...file, unbounded })).toEqual(unbounded);
  });

  test("by more than 10,000 nodes in one inference", () => {
    expect(reasonsAgainstIsolate({ ...file, nodeRuns: 10_000 })).toEqual([]);
    const [reason] = reasonsAgainstIsolate({ ...file, nodeRuns: 10_001 });
    expect(reason).toContain("runs 10001 nodes");
  });
});

describe("the container is better", () => {
  const inspected = (trial: Trial): Inspection => ({
    ...file,
    inputs: [],
    outputs: [],
    unsupportedOutputs: [],
    heapBytes: MIB,
    peakHeapBytes: MIB,
    trial,
  });

  test("for a run of more than 2 ms, since it takes 1.4 to 5.9 times as long in WASM", () => {
    expect(reasonForContainer(inspected({ outcome: "ran", runMicros: 2_000 }))).toBeUndefined();
    expect(reasonForContainer(inspected({ outcome: "ran", runMicros: 2_001 }))).toContain("2001 µs");
  });

  test("not for a model whose trial run says nothing", () => {
    expect(reasonForContainer(inspected({ outcome: "failed", reason: "The index is out of range." }))).toBeUndefined();
  });
});
