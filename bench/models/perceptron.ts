import { seededRandom } from "../../examples/iris/classifier.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import { type BenchModel, noise, weights } from "./model.ts";

const SEED = 20_260_104;
const WIDTH = 1024;

/** Bytes of one layer: 1024 × 1024 weights in FP32. */
const LAYER_MIB = 4;

/** Layers of MatMul and Relu, 4 MiB of weights each: x FP32 [1,1024] → y FP32 [1,1024]. */
export function perceptron(mebibytes: number): BenchModel {
  const random = seededRandom(SEED);
  const scale = Math.sqrt(6 / WIDTH); // keeps the activations' variance from layer to layer (He et al. 2015)
  const layers = Array.from({ length: mebibytes / LAYER_MIB }, (_, index) => index + 1);
  const shape = [1, WIDTH];
  const bytes = writeModel({
    opset: 13,
    inputs: [{ name: "h0", datatype: "FP32", shape }],
    outputs: [{ name: `h${layers.length}`, datatype: "FP32", shape }],
    nodes: layers.flatMap((layer) => [
      { op: "MatMul", inputs: [`h${layer - 1}`, `w${layer}`], outputs: [`z${layer}`] },
      { op: "Relu", inputs: [`z${layer}`], outputs: [`h${layer}`] },
    ]),
    initializers: layers.map((layer) => weights(`w${layer}`, [WIDTH, WIDTH], () => (2 * random() - 1) * scale)),
  });
  return { name: `perceptron-${mebibytes}`, bytes, inputs: [noise("h0", shape, random)] };
}
