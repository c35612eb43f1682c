import type { Datatype } from "./datatypes.ts";
import type { OnnxFile } from "./onnx-file.ts";

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
export interface Inspection extends Signature, OnnxFile {
  /** ONNX Runtime's memory after the session was created, its weights included: the WASM heap, or the process in the container. */
  readonly heapBytes: number;
  /** The same after the trial run. */
  readonly peakHeapBytes: number;
  readonly trial: Trial;
  /** Outputs that the protocol can't carry (sequences, maps, optionals), by name. */
  readonly unsupportedOutputs: readonly string[];
}

/** How a model's first run ended, on inputs of our own making. */
export type Trial =
  | { readonly outcome: "ran"; /** 0 where the platform stops the clock between I/O. */ readonly runMicros: number }
  | { readonly outcome: "failed"; readonly reason: string }
  | { readonly outcome: "not-tried" };

/** A shape as people write it: `[batch any, 4]` is `[-1,4]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

/** Whether a concrete shape fits a spec: the same rank, and the same size wherever the spec fixes one. */
export function shapeFits(shape: readonly number[], spec: readonly number[]): boolean {
  return shape.length === spec.length && shape.every((size, axis) => spec[axis] === -1 || spec[axis] === size);
}
