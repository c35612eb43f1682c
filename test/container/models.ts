import type { Datatype } from "../../examples/onnx-tensor.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import { writeCountedLoop } from "../../scripts/hostile/counted-loop.ts";

type OnnxBytes = Uint8Array<ArrayBuffer>;

/** `y = max(x, 0)` over FP32 [any]; a different number gives a model of other bytes. */
export function reluModel(number = 0): OnnxBytes {
  return writeModel({
    opset: 17,
    producer: `test ${number}`,
    inputs: [{ name: "x", datatype: "FP32", shape: [null] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [null] }],
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
  });
}

/** `y = x` of this datatype, [any]. */
export function identityModel(datatype: Datatype): OnnxBytes {
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype, shape: [null] }],
    outputs: [{ name: "y", datatype, shape: [null] }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  });
}

/** `y` is `x` in lower case, BYTES [any]. */
export function lowerCaseModel(): OnnxBytes {
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype: "BYTES", shape: [null] }],
    outputs: [{ name: "y", datatype: "BYTES", shape: [null] }],
    nodes: [
      {
        op: "StringNormalizer",
        inputs: ["x"],
        outputs: ["y"],
        attributes: { case_change_action: { string: "LOWER" } },
      },
    ],
  });
}

/** `y = x + turns` over FP32 [1], one turn after the other; `turns` is INT64 [1], and so large a number never ends. */
export const loopModel = writeCountedLoop;

/** A loop that never ends, whatever the input is. */
export function endlessModel(): OnnxBytes {
  const graph = {
    inputs: [
      { name: "turn", datatype: "INT64" as const, shape: [] },
      { name: "go_on", datatype: "BOOL" as const, shape: [] },
      { name: "before", datatype: "FP32" as const, shape: [1] },
    ],
    outputs: [
      { name: "goes_on", datatype: "BOOL" as const, shape: [] },
      { name: "after", datatype: "FP32" as const, shape: [1] },
    ],
    nodes: [
      { op: "Identity", inputs: ["go_on"], outputs: ["goes_on"] },
      { op: "Sqrt", inputs: ["before"], outputs: ["after"] },
    ],
  };
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype: "FP32", shape: [1] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [1] }],
    initializers: [{ name: "always", datatype: "BOOL", shape: [], data: [true] }],
    nodes: [{ op: "Loop", inputs: ["", "always", "x"], outputs: ["y"], attributes: { body: { graph } } }],
  });
}

/** `y` = the sum of so many ones; `count` is INT64 [1], and 4 bytes of memory are taken for each. */
export function memoryModel(): OnnxBytes {
  return writeModel({
    opset: 17,
    inputs: [{ name: "count", datatype: "INT64", shape: [1] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [1] }],
    nodes: [
      {
        op: "ConstantOfShape",
        inputs: ["count"],
        outputs: ["ones"],
        attributes: { value: { tensor: { name: "one", datatype: "FP32", shape: [1], data: [1] } } },
      },
      { op: "ReduceSum", inputs: ["ones"], outputs: ["y"] },
    ],
  });
}

/** A request for {@link reluModel}. */
export function reluRequest(...data: number[]): unknown {
  return { inputs: [{ name: "x", datatype: "FP32", shape: [data.length], data }] };
}

/** A request for {@link loopModel}. */
export function loopRequest(turns: number, x = 0): unknown {
  return {
    inputs: [
      { name: "turns", datatype: "INT64", shape: [1], data: [turns] },
      { name: "x", datatype: "FP32", shape: [1], data: [x] },
    ],
  };
}

/** More turns than anybody lives to see. */
export const ENDLESS_TURNS = Number.MAX_SAFE_INTEGER;

/** A request for {@link memoryModel}. */
export function memoryRequest(bytes: number): unknown {
  return { inputs: [{ name: "count", datatype: "INT64", shape: [1], data: [Math.ceil(bytes / 4)] }] };
}
