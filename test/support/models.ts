import type { Datatype } from "../../examples/onnx-tensor.ts";
import { type ValueDefinition, writeModel } from "../../examples/onnx-writer.ts";
import type { TestTenant } from "./tenant.ts";

/** `y = x + 1` over FP32 [batch, 2]: the smallest model with a dynamic batch. */
export function addOneModel(): Uint8Array<ArrayBuffer> {
  return addModel(1);
}

/** `y = x + n`, of the same signature as {@link addOneModel}: so that versions of one model tell themselves apart. */
export function addModel(n: number): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype: "FP32", shape: ["batch", 2] }],
    outputs: [{ name: "y", datatype: "FP32", shape: ["batch", 2] }],
    nodes: [{ op: "Add", inputs: ["x", "n"], outputs: ["y"] }],
    initializers: [{ name: "n", datatype: "FP32", shape: [1], data: new Float32Array([n]) }],
  });
}

/** `y = x`: whatever goes in comes out. One open dimension unless another shape is given. */
export function identityModel(datatype: Datatype, shape: ValueDefinition["shape"] = ["n"]): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype, ...(shape && { shape }) }],
    outputs: [{ name: "y", datatype, ...(shape && { shape }) }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  });
}

/** `y = max(x · w1 + b, 0) · w2`, x [rows, 4] → y [rows, 3]: two layers whose sums need every bit that they get. */
export function perceptronModel(datatype: "FP32" | "FP64"): Uint8Array<ArrayBuffer> {
  const weights = (count: number): number[] => Array.from({ length: count }, (_, index) => Math.sin(index + 1));
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype, shape: ["rows", 4] }],
    outputs: [{ name: "y", datatype, shape: ["rows", 3] }],
    nodes: [
      { op: "MatMul", inputs: ["x", "w1"], outputs: ["products"] },
      { op: "Add", inputs: ["products", "b"], outputs: ["sums"] },
      { op: "Relu", inputs: ["sums"], outputs: ["hidden"] },
      { op: "MatMul", inputs: ["hidden", "w2"], outputs: ["y"] },
    ],
    initializers: [
      { name: "w1", datatype, shape: [4, 8], data: weights(32) },
      { name: "b", datatype, shape: [8], data: weights(8) },
      { name: "w2", datatype, shape: [8, 3], data: weights(24) },
    ],
  });
}

/** `sum = a + b`, `difference = a - b` over FP32 [n]: two inputs and two outputs. */
export function sumAndDifferenceModel(): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: [
      { name: "a", datatype: "FP32", shape: ["n"] },
      { name: "b", datatype: "FP32", shape: ["n"] },
    ],
    outputs: [
      { name: "sum", datatype: "FP32", shape: ["n"] },
      { name: "difference", datatype: "FP32", shape: ["n"] },
    ],
    nodes: [
      { op: "Add", inputs: ["a", "b"], outputs: ["sum"] },
      { op: "Sub", inputs: ["a", "b"], outputs: ["difference"] },
    ],
  });
}

/** Name a model for a tenant and upload a version of it. */
export async function deploy(tenant: TestTenant, name: string, bytes = addOneModel()): Promise<Response> {
  await tenant.call("POST", "/v1/models", { json: { name } });
  return await upload(tenant, name, bytes);
}

/** Upload a file as the next version of a model. */
export async function upload(
  tenant: TestTenant,
  model: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await tenant.call("POST", `/v1/models/${model}/versions`, {
    body,
    headers: { "Content-Type": "application/octet-stream", ...headers },
  });
}

/** A request for {@link addOneModel}: one row. */
export const addOneRequest = { inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", data: [1, 2] }] };
