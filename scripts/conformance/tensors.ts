/** Tensors as the conformance cases hold them: thirteen datatypes, flat row-major values, and their JSON on the wire. */

/** Datatypes of the Open Inference Protocol V2. */
export const datatypes = [
  "BOOL",
  "BYTES",
  "FP16",
  "FP32",
  "FP64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
] as const;

export type Datatype = (typeof datatypes)[number];

/** INT64 and UINT64 are bigints, BOOL booleans, BYTES strings (UTF-8), everything else numbers. */
export type Scalar = number | bigint | boolean | string;

/** A tensor that is read: `values` has as many elements as `shape` asks for. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly values: ArrayLike<Scalar>;
}

/** How many elements a shape asks for: 1 for a scalar `[]`, 0 where any dimension is 0. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** The floating-point datatypes and how a double is rounded to each. */
const rounding: Partial<Record<Datatype, (value: number) => number>> = {
  FP16: Math.f16round,
  FP32: Math.fround,
  FP64: (value) => value,
};

/** Whether values of this datatype are compared within a tolerance rather than exactly. */
export function isFloatingPoint(datatype: Datatype): boolean {
  return rounding[datatype] !== undefined;
}

/** Whether values of this datatype may lie beyond 2^53 and are therefore bigints here. */
export function is64BitInteger(datatype: Datatype): boolean {
  return datatype === "INT64" || datatype === "UINT64";
}

const fromLittleEndian: Partial<Record<Datatype, (bytes: ArrayBuffer) => ArrayLike<Scalar>>> = {
  BOOL: (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte !== 0),
  FP16: (bytes) => new Float16Array(bytes),
  FP32: (bytes) => new Float32Array(bytes),
  FP64: (bytes) => new Float64Array(bytes),
  INT8: (bytes) => new Int8Array(bytes),
  INT16: (bytes) => new Int16Array(bytes),
  INT32: (bytes) => new Int32Array(bytes),
  INT64: (bytes) => new BigInt64Array(bytes),
  UINT8: (bytes) => new Uint8Array(bytes),
  UINT16: (bytes) => new Uint16Array(bytes),
  UINT32: (bytes) => new Uint32Array(bytes),
  UINT64: (bytes) => new BigUint64Array(bytes),
};

/**
 * Read a case's `raw`.
 *
 * @param base64  little-endian values, tightly packed; the machine is taken to be little-endian, as all of Node's are
 * @throws        where the bytes are no whole number of elements, or for BYTES, which the cases never hold as raw
 */
export function decodeRaw(datatype: Datatype, base64: string): ArrayLike<Scalar> {
  const decode = fromLittleEndian[datatype];
  if (decode === undefined) throw new Error(`raw data of datatype ${datatype} is not defined`);
  return decode(new Uint8Array(Buffer.from(base64, "base64")).buffer);
}

/** Whether a name is one of the protocol's datatypes. */
export function isDatatype(name: string): name is Datatype {
  return datatypes.some((known) => known === name);
}

/** Read little-endian elements; BYTES stand each behind its length as 32 bits. */
export function decodeBytes(datatype: Datatype, bytes: Uint8Array<ArrayBuffer>): Scalar[] {
  const decode = fromLittleEndian[datatype];
  if (decode !== undefined) return Array.from(decode(bytes.buffer));
  const strings: string[] = [];
  const buffer = Buffer.from(bytes.buffer);
  for (let offset = 0; offset < buffer.byteLength;) {
    const end = offset + 4 + buffer.readUInt32LE(offset);
    strings.push(buffer.toString("utf8", offset + 4, end));
    offset = end;
  }
  return strings;
}

/** `generate: "arange/n"`: x[i] = i/n, rounded to FP32. */
export function arangeOverCount(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => index / count);
}

function readFloat(element: unknown, round: (value: number) => number): number | undefined {
  if (typeof element === "number" || typeof element === "bigint") {
    const value = round(Number(element));
    // A number that overflows its datatype is no way to write an infinity.
    return Number.isFinite(value) ? value : undefined;
  }
  const isSpecial = element === "NaN" || element === "Infinity" || element === "-Infinity";
  return isSpecial ? Number(element) : undefined;
}

function readInteger(datatype: Datatype, element: unknown): number | bigint | undefined {
  if (typeof element === "bigint") return is64BitInteger(datatype) ? element : undefined;
  if (typeof element !== "number" || !Number.isSafeInteger(element)) return undefined;
  return is64BitInteger(datatype) ? BigInt(element) : element;
}

function readBoolean(element: unknown): boolean | undefined {
  if (typeof element === "boolean") return element;
  return element === 0 || element === 1 ? element === 1 : undefined;
}

/**
 * Read one element of a `data` array as its datatype, or undefined where it is none.
 *
 * Floating point is rounded to its own precision, so that 0.1 and 0.10000000149011612 are the same FP32; "NaN",
 * "Infinity" and "-Infinity" are our extension of the protocol. BOOL may be 0 or 1. Integers must be whole, and those
 * beyond 2^53 must have been parsed as bigints.
 */
export function readElement(datatype: Datatype, element: unknown): Scalar | undefined {
  const round = rounding[datatype];
  if (round !== undefined) return readFloat(element, round);
  if (datatype === "BOOL") return readBoolean(element);
  if (datatype === "BYTES") return typeof element === "string" ? element : undefined;
  return readInteger(datatype, element);
}

/** Write one value as JSON: bigints as exact integer literals, −0 as -0, and what JSON lacks as strings. */
export function encodeScalar(value: Scalar): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Object.is(value, -0)) return "-0";
  return typeof value === "number" && !Number.isFinite(value) ? `"${value}"` : String(value);
}

/** Write a tensor as an input of an Open Inference Protocol V2 request. */
export function encodeTensor(tensor: Tensor): string {
  const data = Array.from(tensor.values, encodeScalar).join(",");
  const name = JSON.stringify(tensor.name);
  const shape = JSON.stringify(tensor.shape);
  return `{"name":${name},"shape":${shape},"datatype":"${tensor.datatype}","data":[${data}]}`;
}
