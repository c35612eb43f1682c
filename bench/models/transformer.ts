import { seededRandom } from "../../examples/iris/classifier.ts";
import type { TensorDefinition } from "../../examples/onnx-tensor.ts";
import { type NodeDefinition, writeModel } from "../../examples/onnx-writer.ts";
import { type BenchModel, noise, weights } from "./model.ts";

const SEED = 20_260_105;
const LAYERS = 4;
const TOKENS = 64;
const WIDTH = 320;
const HEADS = 5;
const HEAD_WIDTH = WIDTH / HEADS;

/**
 * An encoder of four layers with random weights, 20 MB: embeddings FP32 [1,64,320] → states FP32 [1,64,320].
 *
 * Each layer is attention with five heads of 64 and a network of 1280 in between, each with its residual and LayerNormalization
 * behind it (Vaswani et al. 2017, "Attention Is All You Need"), without biases, masks or a table of embeddings.
 */
export function transformer(): BenchModel {
  const random = seededRandom(SEED);
  const layers = Array.from({ length: LAYERS }, (_, index) => index);
  const shape = [1, TOKENS, WIDTH];
  const bytes = writeModel({
    opset: 17,
    inputs: [{ name: "states0", datatype: "FP32", shape }],
    outputs: [{ name: `states${LAYERS}`, datatype: "FP32", shape }],
    nodes: layers.flatMap((layer) => [...attention(layer), ...network(layer)]),
    initializers: [...constants(), ...layers.flatMap((layer) => layerWeights(layer, () => (2 * random() - 1) / 10))],
  });
  return { name: "transformer", bytes, inputs: [noise("states0", shape, random)] };
}

function attention(layer: number): NodeDefinition[] {
  const name = (part: string): string => `${part}${layer}`;
  const states = name("states");
  const head = (part: string, axes: readonly number[]): NodeDefinition[] => [
    { op: "MatMul", inputs: [states, name(`w_${part}`)], outputs: [name(`${part}_flat`)] },
    { op: "Reshape", inputs: [name(`${part}_flat`), "split"], outputs: [name(`${part}_split`)] },
    transpose(name(`${part}_split`), name(part), axes),
  ];
  return [
    ...head("query", [0, 2, 1, 3]),
    ...head("key", [0, 2, 3, 1]),
    ...head("value", [0, 2, 1, 3]),
    { op: "MatMul", inputs: [name("query"), name("key")], outputs: [name("products")] },
    { op: "Mul", inputs: [name("products"), "scale"], outputs: [name("scores")] },
    { op: "Softmax", inputs: [name("scores")], outputs: [name("shares")] },
    { op: "MatMul", inputs: [name("shares"), name("value")], outputs: [name("mixed")] },
    transpose(name("mixed"), name("mixed_split"), [0, 2, 1, 3]),
    { op: "Reshape", inputs: [name("mixed_split"), "join"], outputs: [name("joined")] },
    { op: "MatMul", inputs: [name("joined"), name("w_out")], outputs: [name("attended")] },
    ...addAndNormalise(states, name("attended"), name("middle")),
  ];
}

function network(layer: number): NodeDefinition[] {
  return [
    { op: "MatMul", inputs: [`middle${layer}`, `w_up${layer}`], outputs: [`up${layer}`] },
    { op: "Relu", inputs: [`up${layer}`], outputs: [`active${layer}`] },
    { op: "MatMul", inputs: [`active${layer}`, `w_down${layer}`], outputs: [`down${layer}`] },
    ...addAndNormalise(`middle${layer}`, `down${layer}`, `states${layer + 1}`),
  ];
}

function addAndNormalise(residual: string, added: string, output: string): NodeDefinition[] {
  return [
    { op: "Add", inputs: [residual, added], outputs: [`${output}_sum`] },
    { op: "LayerNormalization", inputs: [`${output}_sum`, "gain"], outputs: [output] },
  ];
}

function transpose(input: string, output: string, axes: readonly number[]): NodeDefinition {
  return { op: "Transpose", inputs: [input], outputs: [output], attributes: { perm: { ints: axes } } };
}

function constants(): TensorDefinition[] {
  return [
    { name: "split", datatype: "INT64", shape: [4], data: [1, TOKENS, HEADS, HEAD_WIDTH] },
    { name: "join", datatype: "INT64", shape: [3], data: [1, TOKENS, WIDTH] },
    { name: "scale", datatype: "FP32", shape: [], data: [1 / Math.sqrt(HEAD_WIDTH)] },
    weights("gain", [WIDTH], () => 1),
  ];
}

function layerWeights(layer: number, weight: () => number): TensorDefinition[] {
  const square = ["query", "key", "value", "out"].map((part) => weights(`w_${part}${layer}`, [WIDTH, WIDTH], weight));
  return [
    ...square,
    weights(`w_up${layer}`, [WIDTH, 4 * WIDTH], weight),
    weights(`w_down${layer}`, [4 * WIDTH, WIDTH], weight),
  ];
}
