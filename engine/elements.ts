import { DATATYPES, type Datatype, type TensorData, elementCount } from "./datatypes.ts";
import { Refusal } from "./refusal.ts";
import { formatShape } from "./signature.ts";

/**
 * Thrown when a 64-bit tensor holds a literal that a plain JSON parse may have rounded already. It stays a refusal where a
 * parse that keeps the digits finds none to keep: in 1e20 or 9007199254740993.0.
 */
export class InexactInteger extends Refusal {}

const NON_FINITE = new Map<unknown, number>([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/**
 * Read one tensor's `data` from parsed JSON, flat or nested, in one pass and with one allocation.
 *
 * NaN and infinities, for which JSON has no literal, are the strings "NaN", "Infinity" and "-Infinity"; 64-bit integers
 * may be strings of digits. Nothing is allocated before the number of elements is known to match.
 *
 * @throws Refusal `shape-mismatch` when the number or nesting of elements is not the shape's, `invalid-data` naming the
 *         element when one is not of the datatype
 * @throws InexactInteger when an integer beyond 2^53 was already rounded by the parser
 */
export function readElements(name: string, datatype: Datatype, shape: readonly number[], data: unknown): TensorData {
  if (!Array.isArray(data)) {
    throw new Refusal("invalid-data", `Input "${name}": data must be an array.`, { input: name });
  }
  const count = elementCount(shape);
  const nested = Array.isArray(data[0]) && shape.length > 1;
  const flat: unknown[] = nested ? flatten(name, shape, data) : data;
  if (flat.length !== count) {
    throw new Refusal(
      "shape-mismatch",
      `Input "${name}": shape ${formatShape(shape)} needs ${count} elements, data has ${flat.length}.`,
      { input: name, expected_elements: count, actual_elements: flat.length },
    );
  }
  return readers[DATATYPES[datatype].kind](flat, datatype, name);
}

function flatten(name: string, shape: readonly number[], data: unknown[]): unknown[] {
  let level: unknown[] = [data];
  for (const [axis, size] of shape.entries()) {
    const next: unknown[] = [];
    for (const part of level) {
      if (!Array.isArray(part) || part.length !== size) {
        const actual = Array.isArray(part) ? `an array of ${part.length}` : typeof part;
        throw new Refusal(
          "shape-mismatch",
          `Input "${name}": axis ${axis} of shape ${formatShape(shape)} needs arrays of ${size}, data has ${actual}.`,
          { input: name, axis },
        );
      }
      for (const value of part) next.push(value);
    }
    level = next;
  }
  return level;
}

type Reader = (values: readonly unknown[], datatype: Datatype, name: string) => TensorData;

const readers: Record<(typeof DATATYPES)[Datatype]["kind"], Reader> = {
  float: readFloats,
  integer: readIntegers,
  bigint: readBigIntegers,
  bool: readBooleans,
  bytes: readStrings,
};

function readFloats(values: readonly unknown[], datatype: Datatype, name: string): TensorData {
  const Elements = datatype === "FP64" ? Float64Array : datatype === "FP16" ? Float16Array : Float32Array;
  const elements = new Elements(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number" || typeof value === "bigint") {
      elements[i] = Number(value);
      // JSON has no infinity: a number that became one is too large for the datatype.
      if (!Number.isFinite(elements[i])) throw invalidElement(name, datatype, i, value);
    } else if (NON_FINITE.has(value)) elements[i] = NON_FINITE.get(value) ?? NaN;
    else throw invalidElement(name, datatype, i, value);
  }
  return elements;
}

function readIntegers(values: readonly unknown[], datatype: Datatype, name: string): TensorData {
  const traits = DATATYPES[datatype];
  if (traits.kind !== "integer") throw new TypeError(`${datatype} is not an integer datatype`);
  const elements = new traits.array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== "number" || !Number.isInteger(value) || value < traits.min || value > traits.max) {
      throw invalidElement(name, datatype, i, value);
    }
    elements[i] = value;
  }
  return elements;
}

function readBigIntegers(values: readonly unknown[], datatype: Datatype, name: string): TensorData {
  const traits = DATATYPES[datatype];
  if (traits.kind !== "bigint") throw new TypeError(`${datatype} is not a 64-bit integer datatype`);
  const elements = new traits.array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    let exact: bigint;
    if (typeof value === "number" && Number.isSafeInteger(value)) exact = BigInt(value);
    else if (typeof value === "bigint") exact = value;
    else if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) exact = BigInt(value);
    else if (typeof value === "number" && Number.isInteger(value)) throw inexactInteger(name, datatype, i, value);
    else throw invalidElement(name, datatype, i, value);
    if (exact < traits.min || exact > traits.max) throw invalidElement(name, datatype, i, value);
    elements[i] = exact;
  }
  return elements;
}

function readBooleans(values: readonly unknown[], datatype: Datatype, name: string): TensorData {
  const elements = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === true || value === 1) elements[i] = 1;
    else if (value !== false && value !== 0) throw invalidElement(name, datatype, i, value);
  }
  return elements;
}

/**
 * A NUL is refused: ONNX Runtime Web hands strings over zero-terminated, so the rest would be lost silently. So is half a
 * surrogate pair, which UTF-8 can't carry.
 */
function readStrings(values: readonly unknown[], datatype: Datatype, name: string): TensorData {
  return values.map((value, i) => {
    const isCarried = typeof value === "string" && !value.includes("\0") && value.isWellFormed();
    if (!isCarried) throw invalidElement(name, datatype, i, value);
    return value;
  });
}

function inexactInteger(name: string, datatype: Datatype, index: number, value: number): InexactInteger {
  const detail = `Input "${name}": element ${index} is ${value}; write an integer beyond 2^53 as digits alone.`;
  return new InexactInteger("invalid-data", detail, { input: name, index, expected: datatype });
}

function invalidElement(name: string, datatype: Datatype, index: number, value: unknown): Refusal {
  const detail = `Input "${name}": element ${index} is ${quoteValue(value)}, which is not a ${datatype}.`;
  return new Refusal("invalid-data", detail, { input: name, index, expected: datatype });
}

/** Characters of a caller's own text that a refusal shows at most: an answer must not grow with what was wrong. */
const MAX_QUOTED = 64;

/** The beginning of a text of the caller's, as a refusal shows it. */
export function clip(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

/** A value as a refusal shows it. What is nested is only named: it may be of any depth, and hold a bigint. */
export function quoteValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(clip(value));
  if (typeof value === "number" || typeof value === "bigint") return clip(String(value));
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return JSON.stringify(value) ?? "nothing";
}
