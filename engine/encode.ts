import { binaryElements } from "./binary.ts";
import { concatenate } from "./bytes.ts";
import { DATATYPES, type Tensor, type TensorData } from "./datatypes.ts";

/** What identifies an answer: the caller's own `id` comes back unchanged. */
export interface AnswerHead {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string | undefined;
}

const utf8 = new TextEncoder();

/** An output and the form in which the caller wants it. */
export interface AnsweredOutput {
  readonly tensor: Tensor;
  readonly binary: boolean;
}

/** An encoded answer. */
export interface EncodedAnswer {
  readonly body: Uint8Array;
  /** How many bytes of the body are JSON, where binary tensors follow it; the header Inference-Header-Content-Length. */
  readonly jsonBytes: number | undefined;
}

/**
 * Encode an answer of the Open Inference Protocol V2: JSON, and behind it the outputs that are wanted in binary.
 *
 * The JSON is written as text, not as an object for `JSON.stringify`, because 64-bit integers must keep all their digits;
 * `data` is flat and row-major, NaN and infinities are the strings "NaN", "Infinity" and "-Infinity".
 */
export function encodeAnswer(head: AnswerHead, outputs: readonly AnsweredOutput[]): EncodedAnswer {
  const binary = outputs.filter((output) => output.binary).map((output) => binaryElements(output.tensor));
  let nextBinary = 0;
  const tensors = outputs.map((output) => {
    if (!output.binary) return describeTensor(output.tensor, `"data":[${encodeElements(output.tensor)}]`);
    const size = binary[nextBinary]?.byteLength ?? 0;
    nextBinary += 1;
    return describeTensor(output.tensor, `"parameters":{"binary_data_size":${size}}`);
  });
  const id = head.id === undefined ? "" : `,"id":${JSON.stringify(head.id)}`;
  const json = utf8.encode(
    `{"model_name":${JSON.stringify(head.modelName)},"model_version":${JSON.stringify(head.modelVersion)}${id},` +
      `"outputs":[${tensors.join(",")}]}`,
  );
  if (binary.length === 0) return { body: json, jsonBytes: undefined };
  return { body: concatenate([json, ...binary]), jsonBytes: json.byteLength };
}

function describeTensor({ name, datatype, shape }: Tensor, content: string): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(",")}],${content}}`;
}

function encodeElements(tensor: Tensor): string {
  const { data } = tensor;
  if (Array.isArray(data)) return data.map((text) => JSON.stringify(text)).join(",");
  switch (DATATYPES[tensor.datatype].kind) {
    case "bool":
      return Array.from<number | bigint, string>(data, (value) => (value ? "true" : "false")).join(",");
    case "float":
      return isPlain(data) ? data.join(",") : Array.from<number | bigint, string>(data, encodeFloat).join(",");
    case "integer":
    case "bigint":
    case "bytes":
      return data.join(",");
  }
}

/** Whether `join` writes every element as JSON does: no NaN, no infinity, and no −0, which it would write as 0. */
function isPlain(data: Exclude<TensorData, string[]>): boolean {
  for (const value of data) {
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return false;
  }
  return true;
}

function encodeFloat(value: number | bigint): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
