import type { TensorDefinition } from "../../examples/onnx-tensor.ts";

/** A model to measure with, and one request's worth of inputs. */
export interface BenchModel {
  readonly name: string;
  /** The ONNX file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly BenchInput[];
}

/** An FP32 tensor of a request, row-major. */
export interface BenchInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** An FP32 initializer, each element taken from `weight`: what its weights are makes no difference to what a model costs. */
export function weights(name: string, shape: readonly number[], weight: () => number): TensorDefinition {
  return { name, datatype: "FP32", shape, data: Float32Array.from({ length: elementCount(shape) }, weight) };
}

/** An input of numbers from 0 to 1 with four decimals, as a pixel has them in JSON. */
export function noise(name: string, shape: readonly number[], random: () => number): BenchInput {
  return { name, shape, data: Array.from({ length: elementCount(shape) }, () => Number(random().toFixed(4))) };
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
