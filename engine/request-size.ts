import { MAX_BODY_BYTES } from "./contract.ts";
import { elementBytes, elementCount } from "./datatypes.ts";
import type { Signature, TensorSpec } from "./signature.ts";

/** An element in JSON takes no more than this: the longest number has 26 characters, the rest is space and line breaks. */
const JSON_BYTES_PER_ELEMENT = 64;
/** What a request says besides its elements: `id`, `parameters`, names and shapes. */
const ENVELOPE_BYTES = 64 * 1024;

/**
 * The largest request that can make sense to a model, in bytes: told by its inputs where all their sizes are fixed, and
 * {@link MAX_BODY_BYTES} where one is open or holds text.
 */
export function maxRequestBytes({ inputs }: Signature): number {
  const bytes = inputs.reduce((total, spec) => total + mostBytes(spec), ENVELOPE_BYTES);
  return Math.min(bytes, MAX_BODY_BYTES);
}

/** The least bytes of a request for the model, in binary, with every open dimension at 1. */
export function leastRequestBytes({ inputs }: Signature): number {
  return inputs.reduce((total, spec) => total + elementBytes(spec.datatype) * elementCount(trialShape(spec)), 0);
}

/** The smallest shape that fits a spec. */
export function trialShape(spec: TensorSpec): number[] {
  return spec.shape.map((size) => (size === -1 ? 1 : size));
}

function mostBytes({ name, datatype, shape }: TensorSpec): number {
  // A spec of rank 0 may be a scalar or leave the rank open.
  if (datatype === "BYTES" || shape.length === 0 || shape.includes(-1)) return Infinity;
  return name.length * 4 + elementCount(shape) * JSON_BYTES_PER_ELEMENT;
}
