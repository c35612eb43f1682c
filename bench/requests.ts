import { INFERENCE_HEADER_LENGTH } from "../engine/contract.ts";
import type { BenchModel } from "./models/model.ts";

/** A request of the Open Inference Protocol V2 as it goes over the wire. */
export interface InferRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The model's inputs as numbers in JSON; the answer comes in JSON too. */
export function jsonRequest(model: BenchModel): InferRequest {
  const inputs = model.inputs.map(({ name, shape, data }) => ({ name, shape, datatype: "FP32", data }));
  return { headers: { "Content-Type": "application/json" }, body: Buffer.from(JSON.stringify({ inputs })) };
}

/** The model's inputs as the binary extension has them, behind a short JSON; the outputs come in binary too. */
export function binaryRequest(model: BenchModel): InferRequest {
  const tensors = model.inputs.map(({ data }) => Buffer.from(Float32Array.from(data).buffer));
  const inputs = model.inputs.map(({ name, shape }, index) => ({
    name,
    shape,
    datatype: "FP32",
    parameters: { binary_data_size: tensors[index]?.byteLength },
  }));
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    headers: { "Content-Type": "application/octet-stream", [INFERENCE_HEADER_LENGTH]: String(json.byteLength) },
    body: Buffer.concat([json, ...tensors]),
  };
}
