import { concatenate } from "../../engine/bytes.ts";
import type { Datatype, Tensor } from "../../engine/datatypes.ts";
import { type InferenceCall, decodeRequest } from "../../engine/decode.ts";
import { type AnsweredOutput, encodeAnswer } from "../../engine/encode.ts";
import { type EngineRefusal, Refusal } from "../../engine/refusal.ts";
import type { Signature } from "../../engine/signature.ts";

const utf8 = new TextEncoder();

/** A model that takes one tensor `x` and gives `y` (FP32 [-1]) and `label` (BYTES [-1]). */
export function modelTaking(datatype: Datatype, shape: readonly number[]): Signature {
  return {
    inputs: [{ name: "x", datatype, shape }],
    outputs: [
      { name: "y", datatype: "FP32", shape: [-1] },
      { name: "label", datatype: "BYTES", shape: [-1] },
    ],
  };
}

/** Decode a body that is given as its text, so that a literal such as 1e20 reaches the decoder as it is written. */
export function decodeText(text: string, signature: Signature): InferenceCall {
  return decodeRequest(utf8.encode(text), undefined, signature);
}

/** Decode a request for one tensor `x`, whose `data` is given as JSON text. */
export function decodeTensor(datatype: Datatype, shape: readonly number[], data: string): InferenceCall {
  const text = `{"inputs":[{"name":"x","datatype":"${datatype}","shape":${JSON.stringify(shape)},"data":${data}}]}`;
  const open = shape.map(() => -1);
  return decodeText(text, modelTaking(datatype, open));
}

/** Decode a request of JSON and the binary tensors behind it. */
export function decodeParts(json: unknown, binary: readonly number[], signature: Signature): InferenceCall {
  const head = utf8.encode(JSON.stringify(json));
  return decodeRequest(Uint8Array.of(...head, ...binary), head.byteLength, signature);
}

/** The elements of the first tensor of a call. */
export function firstElements(call: InferenceCall): readonly (string | number | bigint)[] {
  const [tensor] = call.inputs;
  if (!tensor) throw new Error("The call has no tensor.");
  return Array.from<string | number | bigint>(tensor.data);
}

/** The refusal with which something ends, as a plain value. Any other exception passes through and fails the test. */
export function refusalOf(act: () => unknown): EngineRefusal {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, detail, evidence } = error;
    return { code, detail, evidence };
  }
  throw new Error("Expected a refusal.");
}

/** A body as the codec gets it: its bytes, what Inference-Header-Content-Length says of them, and whose it should be. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly jsonBytes: number | undefined;
  readonly signature: Signature;
}

/** A model that takes exactly these tensors. */
export function modelOf(tensors: readonly Tensor[]): Signature {
  return {
    inputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
  };
}

/** The request that gives a model these tensors, each in JSON or in binary: an answer, its `outputs` called `inputs`. */
export function requestOf(outputs: readonly AnsweredOutput[], id?: string): Body {
  const { body, jsonBytes } = encodeAnswer({ modelName: "m", modelVersion: "1", id }, outputs);
  const end = jsonBytes ?? body.length;
  const json = utf8.encode(new TextDecoder().decode(body.subarray(0, end)).replace(',"outputs":[', ',"inputs":['));
  return {
    bytes: concatenate([json, body.subarray(end)]),
    jsonBytes: jsonBytes === undefined ? undefined : json.length,
    signature: modelOf(outputs.map(({ tensor }) => tensor)),
  };
}
