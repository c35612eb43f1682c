import { writeModel } from "../../examples/onnx-writer.ts";
import type { TestTenant } from "./tenant.ts";

/** `y = x + 1` over FP32 [batch, 2]: the smallest model with a dynamic batch. */
export function addOneModel(): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype: "FP32", shape: ["batch", 2] }],
    outputs: [{ name: "y", datatype: "FP32", shape: ["batch", 2] }],
    nodes: [{ op: "Add", inputs: ["x", "one"], outputs: ["y"] }],
    initializers: [{ name: "one", datatype: "FP32", shape: [1], data: new Float32Array([1]) }],
  });
}

/** Name a model for a tenant and upload a version of it. */
export async function deploy(tenant: TestTenant, name: string, bytes = addOneModel()): Promise<Response> {
  await tenant.call("POST", "/v1/models", { json: { name } });
  return await tenant.call("POST", `/v1/models/${name}/versions`, {
    body: bytes,
    headers: { "Content-Type": "application/octet-stream" },
  });
}

/** A request for {@link addOneModel}: one row. */
export const addOneRequest = { inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", data: [1, 2] }] };
