/** The binary tensor extension of the Open Inference Protocol V2, as a client speaks it. */
import type { ConformanceCase } from "./cases.ts";
import { type Scalar, type Tensor, decodeBytes, isDatatype } from "./tensors.ts";

/** A request whose JSON is followed by its tensors; `jsonBytes` is its Inference-Header-Content-Length. */
export interface BinaryRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly jsonBytes: number;
}

const arrays = {
  BOOL: (values: ArrayLike<Scalar>) => Uint8Array.from(values, Number),
  FP16: (values: ArrayLike<Scalar>) => Float16Array.from(values, Number),
  FP32: (values: ArrayLike<Scalar>) => Float32Array.from(values, Number),
  FP64: (values: ArrayLike<Scalar>) => Float64Array.from(values, Number),
  INT8: (values: ArrayLike<Scalar>) => Int8Array.from(values, Number),
  INT16: (values: ArrayLike<Scalar>) => Int16Array.from(values, Number),
  INT32: (values: ArrayLike<Scalar>) => Int32Array.from(values, Number),
  INT64: (values: ArrayLike<Scalar>) => BigInt64Array.from(values, BigInt),
  UINT8: (values: ArrayLike<Scalar>) => Uint8Array.from(values, Number),
  UINT16: (values: ArrayLike<Scalar>) => Uint16Array.from(values, Number),
  UINT32: (values: ArrayLike<Scalar>) => Uint32Array.from(values, Number),
  UINT64: (values: ArrayLike<Scalar>) => BigUint64Array.from(values, BigInt),
};

function encodeBytes({ datatype, values }: Tensor): Uint8Array {
  if (datatype !== "BYTES") return new Uint8Array(arrays[datatype](values).buffer);
  const parts = Array.from(values, (value) => {
    const text = Buffer.from(String(value));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.byteLength);
    return Buffer.concat([length, text]);
  });
  return Buffer.concat(parts);
}

/** Write a case with all inputs in binary, and ask for all outputs in binary. */
export function encodeBinaryRequest(id: string, conformanceCase: ConformanceCase): BinaryRequest {
  const tensors = conformanceCase.inputs.map(encodeBytes);
  const request = {
    id,
    parameters: { binary_data_output: true },
    inputs: conformanceCase.inputs.map(({ name, shape, datatype }, index) => ({
      name,
      shape,
      datatype,
      parameters: { binary_data_size: tensors[index]?.byteLength },
    })),
    outputs: conformanceCase.fetch?.map((name) => ({ name })),
  };
  const json = Buffer.from(JSON.stringify(request));
  return { body: Uint8Array.from(Buffer.concat([json, ...tensors])), jsonBytes: json.byteLength };
}

/** NaN and infinities as the JSON form writes them, so that both forms are compared alike. */
function asInJson(value: Scalar): Scalar {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** An output as the JSON part of an answer describes it. */
interface DescribedOutput {
  readonly name: string;
  readonly datatype: string;
  readonly data?: readonly unknown[] | undefined;
  readonly parameters?: { readonly binary_data_size?: number | undefined } | undefined;
}

/**
 * Give each output its data: what the JSON holds, or its share of the bytes that follow the JSON.
 *
 * @throws where the bytes are not those that the outputs announce
 */
export function withBinaryData<T extends DescribedOutput>(
  outputs: readonly T[],
  tail: Uint8Array,
): (T & { readonly data: readonly unknown[] })[] {
  let offset = 0;
  const filled = outputs.map((output) => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return { ...output, data: output.data ?? [] };
    if (!isDatatype(output.datatype)) throw new Error(`output "${output.name}" has datatype ${output.datatype}`);
    const bytes = tail.slice(offset, offset + size);
    if (bytes.byteLength !== size) throw new Error(`output "${output.name}": the body ends before its ${size} bytes`);
    offset += size;
    return { ...output, data: decodeBytes(output.datatype, bytes).map(asInJson) };
  });
  if (offset !== tail.byteLength) throw new Error(`${tail.byteLength - offset} bytes follow the last output`);
  return filled;
}
