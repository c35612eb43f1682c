import { DATATYPES, type Tensor, type TensorData } from "./datatypes.ts";

/** What identifies an answer: the caller's own `id` comes back unchanged. */
export interface AnswerHead {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string | undefined;
}

const utf8 = new TextEncoder();

/**
 * Encode an answer in the JSON form of the Open Inference Protocol V2; `data` is flat and row-major.
 *
 * Written as text, not as an object for `JSON.stringify`, because 64-bit integers must keep all their digits. NaN and
 * infinities are the strings "NaN", "Infinity" and "-Infinity".
 */
export function encodeJsonAnswer(head: AnswerHead, outputs: readonly Tensor[]): Uint8Array {
  const id = head.id === undefined ? "" : `,"id":${JSON.stringify(head.id)}`;
  const tensors = outputs.map(
    (tensor) =>
      `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}",` +
      `"shape":[${tensor.shape.join(",")}],"data":[${encodeElements(tensor)}]}`,
  );
  return utf8.encode(
    `{"model_name":${JSON.stringify(head.modelName)},"model_version":${JSON.stringify(head.modelVersion)}${id},` +
      `"outputs":[${tensors.join(",")}]}`,
  );
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
