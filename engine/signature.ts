import type { Datatype } from "./datatypes.ts";

/** What one input or output of a model accepts or gives. A dimension of −1 may have any size. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** A model's inputs and outputs, in the order of its file. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** What an inspection finds in a model that ONNX Runtime accepts. */
export interface Inspection extends Signature {
  /** Operator-set version by domain; the default domain is "". */
  readonly opset: Readonly<Record<string, number>>;
  /** Distinct operator types, sorted; those outside the default domain as `domain:Type`. */
  readonly operators: readonly string[];
  readonly producer: string;
  /** WASM linear memory after the session was created. It holds the weights and ONNX Runtime itself. */
  readonly heapBytes: number;
  /** Outputs that the protocol can't carry (sequences, maps, optionals), by name. */
  readonly unsupportedOutputs: readonly string[];
}

/** A shape as people write it: `[batch any, 4]` is `[-1,4]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

/** Whether a concrete shape fits a spec: the same rank, and the same size wherever the spec fixes one. */
export function shapeFits(shape: readonly number[], spec: readonly number[]): boolean {
  return shape.length === spec.length && shape.every((size, axis) => spec[axis] === -1 || spec[axis] === size);
}
