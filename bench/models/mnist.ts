import { seededRandom } from "../../examples/iris/classifier.ts";
import { type ModelDefinition, writeModel } from "../../examples/onnx-writer.ts";
import { type BenchModel, noise, weights } from "./model.ts";

const SEED = 20_260_101;
const IMAGE_SHAPE = [1, 1, 28, 28] as const;

/**
 * The structure of MNIST-12 of the ONNX model zoo with random weights: 26 kB, image FP32 [1,1,28,28] → scores FP32 [1,10].
 *
 * Conv 1→8 5×5, Relu, MaxPool 2, Conv 8→16 5×5, Relu, MaxPool 3, MatMul 256×10, Add.
 *
 * @see https://github.com/onnx/models/tree/main/validated/vision/classification/mnist
 */
export function mnist(): BenchModel {
  const random = seededRandom(SEED);
  const bytes = writeModel(definition(() => (2 * random() - 1) / 8));
  return { name: "mnist", bytes, inputs: [noise("image", IMAGE_SHAPE, random)] };
}

function definition(weight: () => number): ModelDefinition {
  const convolution = { auto_pad: { string: "SAME_UPPER" }, kernel_shape: { ints: [5, 5] } };
  const pool = (size: number) => ({ kernel_shape: { ints: [size, size] }, strides: { ints: [size, size] } });
  return {
    opset: 12,
    irVersion: 7,
    inputs: [{ name: "image", datatype: "FP32", shape: IMAGE_SHAPE }],
    outputs: [{ name: "scores", datatype: "FP32", shape: [1, 10] }],
    nodes: [
      { op: "Conv", inputs: ["image", "kernels1"], outputs: ["conv1"], attributes: convolution },
      { op: "Add", inputs: ["conv1", "bias1"], outputs: ["sum1"] },
      { op: "Relu", inputs: ["sum1"], outputs: ["relu1"] },
      { op: "MaxPool", inputs: ["relu1"], outputs: ["pool1"], attributes: pool(2) },
      { op: "Conv", inputs: ["pool1", "kernels2"], outputs: ["conv2"], attributes: convolution },
      { op: "Add", inputs: ["conv2", "bias2"], outputs: ["sum2"] },
      { op: "Relu", inputs: ["sum2"], outputs: ["relu2"] },
      { op: "MaxPool", inputs: ["relu2"], outputs: ["pool2"], attributes: pool(3) },
      { op: "Reshape", inputs: ["pool2", "flat"], outputs: ["features"] },
      { op: "MatMul", inputs: ["features", "weights"], outputs: ["product"] },
      { op: "Add", inputs: ["product", "bias3"], outputs: ["scores"] },
    ],
    initializers: [
      weights("kernels1", [8, 1, 5, 5], weight),
      weights("bias1", [8, 1, 1], weight),
      weights("kernels2", [16, 8, 5, 5], weight),
      weights("bias2", [16, 1, 1], weight),
      { name: "flat", datatype: "INT64", shape: [2], data: [1, 256] },
      weights("weights", [256, 10], weight),
      weights("bias3", [1, 10], weight),
    ],
  };
}
