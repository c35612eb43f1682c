import { ENGINE_HEADERS, INFERENCE_HEADER_LENGTH, MAX_ANSWER_BYTES } from "./contract.ts";
import { type Tensor, elementBytes, elementCount } from "./datatypes.ts";
import { type InferenceCall, decodeRequest } from "./decode.ts";
import { type EncodedAnswer, encodeAnswer } from "./encode.ts";
import type { LoadedModel } from "./model.ts";
import { Refusal } from "./refusal.ts";

/** One inference as it reaches whatever runs the model: the body is unpacked, but not opened. */
export interface InferenceRequest {
  readonly body: Uint8Array;
  /** The header {@link INFERENCE_HEADER_LENGTH} as it came. */
  readonly headerLength: string | null;
  readonly modelName: string;
  readonly modelVersion: string;
}

/** An answer with the headers that belong to it. */
export interface InferenceAnswer {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Decode, run, encode: all that happens to an inference where its model is. The isolate and the container share it.
 *
 * @throws Refusal when the request or the model is at fault; anything else that is thrown is a fault of ours
 */
export async function runInference(model: LoadedModel, request: InferenceRequest): Promise<InferenceAnswer> {
  const call = decodeRequest(request.body, readJsonBytes(request.headerLength), model.signature);
  const startedMs = performance.now();
  const tensors = await model.run(call.inputs, call.outputs);
  const runMicros = Math.round((performance.now() - startedMs) * 1000);
  const head = { modelName: request.modelName, modelVersion: request.modelVersion, id: call.id };
  const { body, jsonBytes } = encode(head, tensors, call);
  return {
    body,
    headers: {
      "Content-Type": jsonBytes === undefined ? "application/json" : "application/octet-stream",
      "Content-Length": String(body.byteLength),
      ...(jsonBytes !== undefined && { [INFERENCE_HEADER_LENGTH]: String(jsonBytes) }),
      [ENGINE_HEADERS.bytesIn]: String(request.body.byteLength),
      [ENGINE_HEADERS.runMicros]: String(runMicros),
    },
  };
}

function encode(
  head: Parameters<typeof encodeAnswer>[0],
  tensors: readonly Tensor[],
  call: InferenceCall,
): EncodedAnswer {
  const binary = new Set(call.outputs.filter((output) => output.binary).map((output) => output.name));
  const outputs = tensors.map((tensor) => ({ tensor, binary: binary.has(tensor.name) }));
  requireAnswerable(outputs.reduce((total, output) => total + leastBytes(output.tensor, output.binary), 0));
  const answer = encodeAnswer(head, outputs);
  requireAnswerable(answer.body.byteLength);
  return answer;
}

/** Said before anything is written: a number in JSON has at least a digit and a comma. */
function leastBytes({ datatype, shape }: Tensor, binary: boolean): number {
  return elementCount(shape) * (binary ? elementBytes(datatype) : 2);
}

function requireAnswerable(bytes: number): void {
  if (bytes <= MAX_ANSWER_BYTES) return;
  const detail =
    `The answer would have ${bytes} bytes or more; ${MAX_ANSWER_BYTES} are the most. ` +
    "Ask for fewer outputs, smaller inputs, or binary outputs.";
  throw new Refusal("answer-too-large", detail, { max_bytes: MAX_ANSWER_BYTES });
}

function readJsonBytes(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,10}$/.test(header)) return Number(header);
  throw new Refusal("invalid-request", `${INFERENCE_HEADER_LENGTH} must be a number of bytes, not "${header}".`);
}
