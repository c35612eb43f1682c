import { seededRandom } from "../../examples/iris/classifier.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import { type BenchModel, noise, weights } from "./model.ts";

const SEED = 20_260_105;
const WIDTH = 64;
const inputs = [{ name: "x", datatype: "FP32" as const, shape: ["batch", WIDTH] }];

/** Two dense layers of 128 and 10 over x FP32 [batch, 64], random weights: 38 kB. */
export function smallPerceptron(): BenchModel {
  const random = seededRandom(SEED);
  const weight = () => (2 * random() - 1) / 8;
  const bytes = writeModel({
    opset: 17,
    inputs,
    outputs: [{ name: "y", datatype: "FP32", shape: ["batch", 10] }],
    nodes: [
      { op: "Gemm", inputs: ["x", "w1", "b1"], outputs: ["h1"] },
      { op: "Relu", inputs: ["h1"], outputs: ["r1"] },
      { op: "Gemm", inputs: ["r1", "w2", "b2"], outputs: ["y"] },
    ],
    initializers: [
      weights("w1", [WIDTH, 128], weight),
      weights("b1", [128], weight),
      weights("w2", [128, 10], weight),
      weights("b2", [10], weight),
    ],
  });
  return { name: "small-perceptron", bytes, inputs: [noise("x", [1, WIDTH], random)] };
}

/** The same input, of which ten numbers come back as they are. */
export function nothing(): BenchModel {
  const index = { datatype: "INT64" as const, shape: [1] };
  const bytes = writeModel({
    opset: 17,
    inputs,
    outputs: [{ name: "y", datatype: "FP32", shape: ["batch", 10] }],
    nodes: [{ op: "Slice", inputs: ["x", "start", "end", "axis"], outputs: ["y"] }],
    initializers: [
      { name: "start", ...index, data: [0] },
      { name: "end", ...index, data: [10] },
      { name: "axis", ...index, data: [1] },
    ],
  });
  return { name: "no-run", bytes, inputs: [noise("x", [1, WIDTH], seededRandom(SEED))] };
}
