import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encodeOnes, encodeRun, readInputs } from "../../../scripts/hostile/inputs.ts";
import { isEndless, readManifest } from "../../../scripts/hostile/manifest.ts";
import { makeRoot } from "../conformance/case-folder.ts";

let root = "";

beforeEach(() => {
  root = makeRoot();
});

afterEach(() => rmSync(root, { recursive: true }));

function read(file: object): ReturnType<typeof readManifest> {
  const whole = { file: "h.onnx", kind: "k", what: "w", observed_ort_web_1_30: { outcome: "ran" }, ...file };
  writeFileSync(join(root, "manifest.json"), JSON.stringify({ files: [whole] }));
  return readManifest(root);
}

describe("a manifest", () => {
  it.each([
    ["accept", "accept"],
    ["accept; embedded options must be ignored", "accept"],
    ["accept or reject, but escaped in consoles", "either"],
    ["accept within limits or reject with a clear limit error", "either"],
    ["reject at upload/load with a clean 4xx error", "reject"],
    ["reject at upload or clean 4xx on infer", "stop"],
    ["must be stopped by the run-time limit (CPU/wall/memory), other tenants unaffected", "stop"],
    ["validator and runtime must see the same graph", "run-or-reject"],
  ])("that says %j means %s", (text, expectation) => {
    expect(read({ expect: text })).toMatchObject([{ expect: expectation }]);
  });

  it("that says what is not known here is not guessed at", () => {
    expect(() => read({ expect: "explode" })).toThrow('"explode" is no expectation');
  });

  it("tells which models never end", () => {
    const outcome = "killed by harness: still running after 15 s (in run)";
    expect(read({ expect: "accept", observed_ort_web_1_30: { outcome } }).map(isEndless)).toEqual([true]);
    expect(read({ expect: "accept" }).map(isEndless)).toEqual([false]);
  });
});

describe("inputs of a hostile model", () => {
  const inputs =
    readInputs(
      JSON.stringify({
        inputs: [
          { name: "s", datatype: "INT64", shape: [2] },
          { name: "__proto__", datatype: "BOOL", shape: [-1, 2] },
          { name: "t", datatype: "BYTES", shape: [] },
        ],
      }),
    ) ?? [];
  const bool = { name: "__proto__", datatype: "BOOL", shape: [1, 2], data: [true, true] };
  const text = { name: "t", datatype: "BYTES", shape: [], data: ["a"] };

  it("can't be told from metadata without a signature", () => {
    expect(readInputs("no JSON")).toBeUndefined();
    expect(readInputs('{"inputs":[{"name":"x","datatype":"BF16","shape":[1]}]}')).toBeUndefined();
  });

  it("are ones, in the smallest shape that fits", () => {
    const ones = { name: "s", datatype: "INT64", shape: [2], data: [1, 1] };
    expect(JSON.parse(encodeOnes(inputs))).toEqual({ inputs: [ones, bool, text] });
  });

  it("have the manifest's values where it gives some", () => {
    const run = { s: { data: ["100000", "100000"], dims: [2] } };
    const big = { name: "s", datatype: "INT64", shape: [2], data: [100_000, 100_000] };
    expect(JSON.parse(encodeRun(inputs, run))).toEqual({ inputs: [big, bool, text] });
  });
});
