import * as ort from "onnxruntime-web";
import { describe, expect, test } from "vitest";

import type { Datatype, TensorDefinition } from "../../examples/onnx-tensor.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import type { AttributeDefinition, GraphDefinition, ModelDefinition } from "../../examples/onnx-writer.ts";
import { loadModel, outputModel, runModel } from "./run-model.ts";

describe("a written model", () => {
  test("loads in ONNX Runtime and computes what its nodes say", async () => {
    const session = await loadModel({
      opset: 17,
      inputs: [{ name: "input", datatype: "FP32", shape: ["batch", 2] }],
      outputs: [{ name: "output", datatype: "FP32", shape: ["batch", 1] }],
      initializers: [
        { name: "weights", datatype: "FP32", shape: [2, 1], data: [3, 4] },
        { name: "bias", datatype: "FP32", shape: [1], data: [0.5] },
      ],
      nodes: [{ op: "Gemm", inputs: ["input", "weights", "bias"], outputs: ["output"] }],
    });
    const { output } = await session.run({ input: new ort.Tensor("float32", [1, 2, -1, 0], [2, 2]) });
    // 1·3 + 2·4 + 0.5 = 11.5; −1·3 + 0·4 + 0.5 = −2.5
    expect(output?.data).toEqual(Float32Array.of(11.5, -2.5));
    expect(output?.dims).toEqual([2, 1]);
  });

  test("declares fixed, named and open dimensions", async () => {
    const session = await loadModel({
      opset: 17,
      inputs: [{ name: "input", datatype: "INT32", shape: ["batch", 3, null] }],
      outputs: [{ name: "output", datatype: "INT32" }],
      nodes: [{ op: "Identity", inputs: ["input"], outputs: ["output"] }],
    });
    const [input] = session.inputMetadata;
    expect(input).toMatchObject({ name: "input", type: "int32" });
    expect(input?.isTensor && input.shape.slice(0, 2)).toEqual(["batch", 3]);
    // ONNX Runtime gives an open dimension no name of its own, and refuses a run against a fixed one
    const { output } = await session.run({ input: new ort.Tensor("int32", new Int32Array(30), [2, 3, 5]) });
    expect(output?.dims).toEqual([2, 3, 5]);
  });

  test("is the same bytes for the same definition", () => {
    const definition = constantModel("FP32", { value_floats: { floats: [1, 2] } });
    expect(writeModel(definition)).toEqual(writeModel(definition));
  });

  test("carries its producer and its metadata", () => {
    const definition = constantModel("FP32", { value_float: { float: 1 } });
    const bytes = writeModel({ ...definition, producer: "a producer", metadata: { classes: "left,right" } });
    const text = new TextDecoder("latin1").decode(bytes);
    // field 2: tag 0x12, length 10
    expect(text).toContain("\x12\x0aa producer");
    // field 14: tag 0x72, length 21 = (2 + 7) + (2 + 10); key: field 1, value: field 2
    expect(text).toContain("\x72\x15\x0a\x07classes\x12\x0aleft,right");
  });

  test("may use operators of a further domain", async () => {
    const values: TensorDefinition = { name: "values", datatype: "FP32", shape: [1, 2], data: [5, 9] };
    const attributes = { offset: { floats: [1, 3] }, scale: { floats: [2, 0.5] } };
    const scaler = { op: "Scaler", domain: "ai.onnx.ml", inputs: ["values"], outputs: ["output"], attributes };
    const model = outputModel("FP32", [scaler], [values]);
    const output = await runModel({ ...model, opsetImports: { "ai.onnx.ml": 3 } });
    // (5 − 1) · 2 = 8, (9 − 3) · 0.5 = 3
    expect(output.data).toEqual(Float32Array.of(8, 3));
  });

  test("may have tens of thousands of nodes", () => {
    const node = { op: "Neg", inputs: ["input"], outputs: ["output"] };
    const small = writeModel(outputModel("FP32", [node]));
    const large = writeModel(
      outputModel(
        "FP32",
        Array.from({ length: 30_000 }, () => node),
      ),
    );
    // a node takes 2 + (2 + 5) + (2 + 6) + (2 + 3) = 22 bytes; the graph's length grows from one byte to three
    expect(large.length - small.length).toBe(29_999 * 22 + 2);
  });
});

describe("a node's attribute", () => {
  const matrix: TensorDefinition = { name: "matrix", datatype: "FP32", shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };

  test("may be a float or an int", async () => {
    const attributes = { alpha: { float: 0.5 }, transB: { int: 1n } };
    const node = { op: "Gemm", inputs: ["matrix", "matrix"], outputs: ["output"], attributes };
    const output = await runModel(outputModel("FP32", [node], [matrix]));
    // ½ · matrix · matrixᵀ: rows (1 2 3) and (4 5 6) give 14, 32, 32, 77
    expect(output.data).toEqual(Float32Array.of(7, 16, 16, 38.5));
  });

  test("may be a negative int", async () => {
    const attributes = { axis: { int: -1 }, keepdims: { int: 0 } };
    const node = { op: "ArgMax", inputs: ["matrix"], outputs: ["output"], attributes };
    const output = await runModel(outputModel("INT64", [node], [matrix]));
    expect(output.data).toEqual(BigInt64Array.of(2n, 2n));
  });

  test("may be a list of ints", async () => {
    const attributes = { perm: { ints: [1, 0] } };
    const node = { op: "Transpose", inputs: ["matrix"], outputs: ["output"], attributes };
    const output = await runModel(outputModel("FP32", [node], [matrix]));
    expect(output.data).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
  });

  test("may be a string", async () => {
    const pads: TensorDefinition = { name: "pads", datatype: "INT64", shape: [4], data: [0, 0, 0, 1] };
    const node = {
      op: "Pad",
      inputs: ["matrix", "pads"],
      outputs: ["output"],
      attributes: { mode: { string: "edge" } },
    };
    const output = await runModel(outputModel("FP32", [node], [matrix, pads]));
    expect(output.data).toEqual(Float32Array.of(1, 2, 3, 3, 4, 5, 6, 6));
  });

  test("may be a list of floats, a list of strings or a tensor", async () => {
    const floats = await runModel(constantModel("FP32", { value_floats: { floats: [0.25, -8] } }));
    expect(floats.data).toEqual(Float32Array.of(0.25, -8));
    const strings = await runModel(constantModel("BYTES", { value_strings: { strings: ["setosa", "virginica"] } }));
    expect(strings.data).toEqual(["setosa", "virginica"]);
    const tensor = await runModel(constantModel("FP32", { value: { tensor: matrix } }));
    expect(tensor).toMatchObject({ dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  });

  test("may be a graph, the body of a Loop", async () => {
    const initializers: TensorDefinition[] = [
      { name: "rounds", datatype: "INT64", shape: [], data: [5] },
      { name: "start", datatype: "FP32", shape: [1], data: [3] },
    ];
    const attributes = { body: { graph: doubling } };
    const loop = { op: "Loop", inputs: ["rounds", "", "start"], outputs: ["output"], attributes };
    const output = await runModel(outputModel("FP32", [loop], initializers));
    // 3 · 2⁵
    expect(output.data).toEqual(Float32Array.of(96));
  });
});

/** A Loop's body: (round INT64 [], go BOOL [], value FP32 [1]) → (go, 2 · value). */
const doubling: GraphDefinition = {
  inputs: [
    { name: "round", datatype: "INT64", shape: [] },
    { name: "go", datatype: "BOOL", shape: [] },
    { name: "value", datatype: "FP32", shape: [1] },
  ],
  outputs: [
    { name: "goOn", datatype: "BOOL", shape: [] },
    { name: "doubled", datatype: "FP32", shape: [1] },
  ],
  nodes: [
    { op: "Identity", inputs: ["go"], outputs: ["goOn"] },
    { op: "Add", inputs: ["value", "value"], outputs: ["doubled"] },
  ],
};

/** One Constant, which holds what its attribute says. */
function constantModel(datatype: Datatype, attributes: Record<string, AttributeDefinition>): ModelDefinition {
  return outputModel(datatype, [{ op: "Constant", inputs: [], outputs: ["output"], attributes }]);
}
