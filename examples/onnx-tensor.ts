import { ProtobufMessage } from "./protobuf-message.ts";

/** TensorProto.DataType of each datatype; BYTES is ONNX's STRING. */
export const DATATYPE_CODES = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
} as const;

const NUMBER_ARRAYS = {
  FP32: Float32Array,
  FP64: Float64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
} as const;

const BIGINT_ARRAYS = { INT64: BigInt64Array, UINT64: BigUint64Array } as const;

/** A tensor's datatype, as the Open Inference Protocol V2 names it. */
export type Datatype = keyof typeof DATATYPE_CODES;

type NumberDatatype = keyof typeof NUMBER_ARRAYS;
type BigintDatatype = keyof typeof BIGINT_ARRAYS;

/**
 * What an initializer or a tensor attribute holds, row-major; `data` has as many elements as `shape` multiplies to.
 *
 * FP16 takes IEEE 754 binary16 bit patterns, not numbers.
 */
export type TensorDefinition = { name: string; shape: readonly number[] } & (
  | { datatype: NumberDatatype; data: ArrayLike<number> }
  | { datatype: "INT64"; data: ArrayLike<number | bigint> }
  | { datatype: "UINT64"; data: ArrayLike<number | bigint> }
  | { datatype: "FP16"; data: Uint16Array }
  | { datatype: "BOOL"; data: ArrayLike<boolean | number> }
  | { datatype: "BYTES"; data: readonly string[] }
);

type RawTensorDefinition = Exclude<TensorDefinition, { datatype: "BYTES" }>;

/**
 * Encode a tensor as a TensorProto: strings in `string_data`, all else in `raw_data`.
 *
 * @throws Error  naming the tensor, where a dimension, the element count or an integer does not fit
 */
export function tensorMessage(tensor: TensorDefinition): ProtobufMessage {
  requireElementCount(tensor);
  const message = new ProtobufMessage();
  for (const dimension of tensor.shape) message.integer(1, dimension);
  message.integer(2, DATATYPE_CODES[tensor.datatype]);
  if (tensor.datatype === "BYTES") for (const element of tensor.data) message.text(6, element);
  message.text(8, tensor.name);
  return tensor.datatype === "BYTES" ? message : message.bytes(9, rawData(tensor));
}

/** @throws Error  naming the tensor, where the dimension is not an integer ≥ 0 */
export function requireDimension(tensorName: string, dimension: number): void {
  if (!Number.isSafeInteger(dimension) || dimension < 0) {
    throw new Error(`tensor "${tensorName}": dimension ${dimension} is not an integer ≥ 0`);
  }
}

function requireElementCount(tensor: TensorDefinition): void {
  for (const dimension of tensor.shape) requireDimension(tensor.name, dimension);
  const needed = tensor.shape.reduce((product, dimension) => product * dimension, 1);
  if (tensor.data.length === needed) return;
  const shape = `[${tensor.shape.join(", ")}]`;
  throw new Error(`tensor "${tensor.name}": shape ${shape} needs ${needed} elements, data has ${tensor.data.length}`);
}

/** The elements in the machine's order of bytes, which is little-endian wherever Node and workerd run. */
function rawData(tensor: RawTensorDefinition): Uint8Array {
  const elements = rawElements(tensor);
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}

function rawElements(tensor: RawTensorDefinition): ArrayBufferView {
  if (tensor.datatype === "FP16") return tensor.data;
  if (tensor.datatype === "BOOL") return Uint8Array.from(Array.from(tensor.data, (element) => (element ? 1 : 0)));
  if (tensor.datatype === "INT64") return bigintElements(tensor.name, "INT64", tensor.data);
  if (tensor.datatype === "UINT64") return bigintElements(tensor.name, "UINT64", tensor.data);
  return numberElements(tensor.name, tensor.datatype, tensor.data);
}

function numberElements(name: string, datatype: NumberDatatype, data: ArrayLike<number>): ArrayBufferView {
  const arrayType = NUMBER_ARRAYS[datatype];
  if (data instanceof arrayType) return data;
  const elements = new arrayType(data);
  if (!datatype.startsWith("FP")) requireSameIntegers(name, datatype, data, elements);
  return elements;
}

function bigintElements(name: string, datatype: BigintDatatype, data: ArrayLike<number | bigint>): ArrayBufferView {
  const arrayType = BIGINT_ARRAYS[datatype];
  if (data instanceof arrayType) return data;
  const given = Array.from(data, (element) => (Number.isSafeInteger(element) ? BigInt(element) : element));
  const elements = arrayType.from(given.map((element) => (typeof element === "bigint" ? element : 0n)));
  requireSameIntegers(name, datatype, given, elements);
  return elements;
}

/** An integer array wraps or truncates what it cannot hold, and says nothing: compare. */
function requireSameIntegers(
  name: string,
  datatype: Datatype,
  given: ArrayLike<number | bigint>,
  held: ArrayLike<number | bigint>,
): void {
  const index = Array.from(given).findIndex((element, position) => element !== held[position]);
  if (index < 0) return;
  throw new Error(`tensor "${name}": element ${index} is ${String(given[index])}, which ${datatype} cannot hold`);
}
