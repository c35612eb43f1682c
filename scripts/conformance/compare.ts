/** Whether an answer of the inference API holds what a case expects. */
import { z } from "zod";

import { withBinaryData } from "./binary.ts";
import type { ConformanceCase } from "./cases.ts";
import { faultMessage } from "./fault.ts";
import { elementCount, encodeScalar, is64BitInteger, isFloatingPoint, readElement } from "./tensors.ts";
import type { Scalar, Tensor } from "./tensors.ts";

const responseSchema = z.object({
  model_name: z.string(),
  id: z.string().optional(),
  outputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.int().nonnegative()),
      datatype: z.string(),
      // Only that it is an array: its elements are read one by one against the expected datatype.
      data: z.custom<readonly unknown[]>(Array.isArray, "must be an array").optional(),
      parameters: z.object({ binary_data_size: z.int().nonnegative().optional() }).optional(),
    }),
  ),
});

type DescribedOutput = z.infer<typeof responseSchema>["outputs"][number];
type OutputTensor = DescribedOutput & { readonly data: readonly unknown[] };
type InferenceResponse = Omit<z.infer<typeof responseSchema>, "outputs"> & { readonly outputs: OutputTensor[] };

/** How far a value may lie from the expected one: atol + rtol · |expected|. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** A reviver that keeps integers beyond 2^53 exactly, as bigints, by their source text. */
function keepBigIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isInexact = typeof value === "number" && !Number.isSafeInteger(value);
  return isInexact && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** The largest finite FP16, FP32 and FP64. */
const LARGEST_FINITE = new Set([65_504, 3.4028234663852886e38, Number.MAX_VALUE]);

/**
 * Whether a value is the expected one.
 *
 * Floating point: |actual − expected| ≤ atol + rtol · |expected|; NaN equals NaN. Any value would be within rtol · ∞ of
 * an infinity, so there only the infinity itself holds, or the largest finite value of its sign, by which ONNX Runtime
 * masks attention scores where the reference has −∞. Everything else is exact.
 */
export function agrees(expected: Scalar, actual: Scalar, { rtol, atol }: Tolerance): boolean {
  if (Object.is(expected, actual) || expected === actual) return true;
  if (typeof expected !== "number" || typeof actual !== "number") return false;
  if (!Number.isFinite(expected)) return LARGEST_FINITE.has(actual * Math.sign(expected));
  if (!Number.isFinite(actual)) return false;
  return Math.abs(actual - expected) <= atol + rtol * Math.abs(expected);
}

function describeMismatch(expected: Tensor, index: number, actual: Scalar, { rtol, atol }: Tolerance): string {
  const value = expected.values[index] ?? 0;
  const where = `output "${expected.name}" [${index}] is ${encodeScalar(actual)}, expected ${encodeScalar(value)}`;
  return isFloatingPoint(expected.datatype) ? `${where} (rtol ${rtol}, atol ${atol})` : where;
}

function describeElement(element: unknown): string {
  const text = typeof element === "bigint" ? String(element) : JSON.stringify(element);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function compareData(expected: Tensor, data: readonly unknown[], tolerance: Tolerance): string | undefined {
  const exact: Tolerance = { rtol: 0, atol: 0 };
  const allowed = isFloatingPoint(expected.datatype) ? tolerance : exact;
  for (const [index, element] of data.entries()) {
    const actual = readElement(expected.datatype, element);
    if (actual === undefined) {
      return `output "${expected.name}" [${index}] is no ${expected.datatype}: ${describeElement(element)}`;
    }
    if (!agrees(expected.values[index] ?? 0, actual, allowed)) {
      return describeMismatch(expected, index, actual, allowed);
    }
  }
  return undefined;
}

/** Compare one output; undefined where it holds, else the first thing that is wrong with it. */
function compareOutput(expected: Tensor, actual: OutputTensor, tolerance: Tolerance): string | undefined {
  const { name, datatype } = expected;
  const shape = expected.shape.join();
  const actualShape = actual.shape.join();
  if (actual.datatype !== datatype) return `output "${name}" has datatype ${actual.datatype}, expected ${datatype}`;
  if (actualShape !== shape) return `output "${name}" has shape [${actualShape}], expected [${shape}]`;
  const count = elementCount(expected.shape);
  if (actual.data.length !== count) return `output "${name}" has ${actual.data.length} values, expected ${count}`;
  return compareData(expected, actual.data, tolerance);
}

function parseResponse(text: string, tail: Uint8Array, hasBigIntegers: boolean): InferenceResponse | string {
  try {
    // The reviver visits every element, so it runs only where a 64-bit output may need it.
    const json: unknown = hasBigIntegers ? JSON.parse(text, keepBigIntegers) : JSON.parse(text);
    const parsed = responseSchema.safeParse(json);
    if (parsed.success) return { ...parsed.data, outputs: withBinaryData(parsed.data.outputs, tail) };
    const problems = z.prettifyError(parsed.error).replaceAll(/\s+/g, " ");
    return `the answer is no inference response: ${problems}`;
  } catch (error) {
    return `the answer can't be read: ${faultMessage(error)}`;
  }
}

/**
 * Compare a 200 answer with a case: its JSON, and the binary tensors behind it.
 *
 * @param asked  the model and the request id that the answer must echo
 * @returns      undefined where every expected output holds, else the first reason why not
 */
export function compareResponse(
  expected: ConformanceCase,
  asked: { readonly modelName: string; readonly id: string },
  { text, tail }: { readonly text: string; readonly tail: Uint8Array },
): string | undefined {
  const hasBigIntegers = expected.outputs.some(({ datatype }) => is64BitInteger(datatype));
  const response = parseResponse(text, tail, hasBigIntegers);
  if (typeof response === "string") return response;
  if (response.id !== asked.id) return `the id is "${response.id ?? ""}", expected "${asked.id}"`;
  if (response.model_name !== asked.modelName) {
    return `model_name is "${response.model_name}", expected "${asked.modelName}"`;
  }
  for (const output of expected.outputs) {
    const actual = response.outputs.find(({ name }) => name === output.name);
    const reason =
      actual === undefined ? `output "${output.name}" is missing` : compareOutput(output, actual, expected);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
