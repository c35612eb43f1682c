/** The one hostile model that is written here and not read: a loop that turns as often as its request says. */
import { type GraphDefinition, writeModel } from "../../examples/onnx-writer.ts";
import type { HostileFile } from "./manifest.ts";

/** Ends after one turn, and never after 10¹²: what it takes is known by no look at the file, only by its run. */
export const countedLoop: HostileFile = {
  file: "counted-loop.onnx (written by the run)",
  kind: "cpu-bomb",
  what: "Loop whose trip count is an input of the request",
  expect: "time-out",
  run: { turns: { data: ["1000000000000"], dims: [1] } },
  observed_ort_web_1_30: { outcome: "killed: not tried, a turn takes a microsecond" },
};

const turn: GraphDefinition = {
  inputs: [
    { name: "turn", datatype: "INT64", shape: [] },
    { name: "go_on", datatype: "BOOL", shape: [] },
    { name: "before", datatype: "FP32", shape: [1] },
  ],
  outputs: [
    { name: "goes_on", datatype: "BOOL", shape: [] },
    { name: "after", datatype: "FP32", shape: [1] },
  ],
  initializers: [{ name: "one", datatype: "FP32", shape: [1], data: [1] }],
  nodes: [
    { op: "Identity", inputs: ["go_on"], outputs: ["goes_on"] },
    { op: "Add", inputs: ["before", "one"], outputs: ["after"] },
  ],
};

/** `y = x + turns` over FP32 [1], one turn after the other; `turns` is INT64 [1]. */
export function writeCountedLoop(): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: [
      { name: "turns", datatype: "INT64", shape: [1] },
      { name: "x", datatype: "FP32", shape: [1] },
    ],
    outputs: [{ name: "y", datatype: "FP32", shape: [1] }],
    initializers: [{ name: "always", datatype: "BOOL", shape: [], data: [true] }],
    nodes: [{ op: "Loop", inputs: ["turns", "always", "x"], outputs: ["y"], attributes: { body: { graph: turn } } }],
  });
}
