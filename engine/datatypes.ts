/**
 * The datatypes of the Open Inference Protocol V2 and what carries each of them here.
 *
 * One table, so that the codec, the runtime and the signature can't disagree.
 *
 * @see https://github.com/kserve/open-inference-protocol (tensor data types)
 */
export const DATATYPES = {
  BOOL: { runtime: "bool", array: Uint8Array, kind: "bool" },
  UINT8: { runtime: "uint8", array: Uint8Array, kind: "integer", min: 0, max: 0xff },
  UINT16: { runtime: "uint16", array: Uint16Array, kind: "integer", min: 0, max: 0xffff },
  UINT32: { runtime: "uint32", array: Uint32Array, kind: "integer", min: 0, max: 0xffffffff },
  UINT64: { runtime: "uint64", array: BigUint64Array, kind: "bigint", min: 0n, max: 2n ** 64n - 1n },
  INT8: { runtime: "int8", array: Int8Array, kind: "integer", min: -0x80, max: 0x7f },
  INT16: { runtime: "int16", array: Int16Array, kind: "integer", min: -0x8000, max: 0x7fff },
  INT32: { runtime: "int32", array: Int32Array, kind: "integer", min: -0x80000000, max: 0x7fffffff },
  INT64: { runtime: "int64", array: BigInt64Array, kind: "bigint", min: -(2n ** 63n), max: 2n ** 63n - 1n },
  FP16: { runtime: "float16", array: Float16Array, kind: "float" },
  FP32: { runtime: "float32", array: Float32Array, kind: "float" },
  FP64: { runtime: "float64", array: Float64Array, kind: "float" },
  BYTES: { runtime: "string", array: Array, kind: "bytes" },
} as const;

/** A datatype by its name in the protocol. */
export type Datatype = keyof typeof DATATYPES;

/** The elements of one tensor, flat and row-major. BOOL is one byte an element, BYTES one UTF-8 string. */
export type TensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float16Array
  | Float32Array
  | Float64Array
  | string[];

/** A tensor as the codec hands it over: `data.length` is the product of `shape`. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Whether a request's `datatype` is one of the protocol's. */
export function isDatatype(name: unknown): name is Datatype {
  return typeof name === "string" && Object.hasOwn(DATATYPES, name);
}

/** The protocol's name for an ONNX Runtime element type, or undefined for one that it has no name for (bfloat16, int4). */
export function datatypeOfRuntime(runtime: string): Datatype | undefined {
  for (const [name, traits] of Object.entries(DATATYPES)) {
    if (traits.runtime === runtime && isDatatype(name)) return name;
  }
  return undefined;
}

/** Number of elements of a shape: 1 for a scalar (`[]`), 0 where any dimension is 0. */
export function elementCount(shape: readonly number[]): number {
  // Said first, because a product beyond a double's range times 0 is NaN.
  return shape.includes(0) ? 0 : shape.reduce((product, dimension) => product * dimension, 1);
}

/** Bytes of one element in the binary form; of a BYTES element the least, its length. */
export function elementBytes(datatype: Datatype): number {
  return datatype === "BYTES" ? 4 : DATATYPES[datatype].array.BYTES_PER_ELEMENT;
}
