import { seededRandom } from "../../examples/iris/classifier.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import { type BenchModel, noise } from "./model.ts";

const SEED = 20_260_103;
const IMAGE_SHAPE = [1, 3, 240, 320] as const;

/** A model that costs next to nothing to run: image FP32 [1,3,240,320] → pixel FP32 [1,3,1,1], its first. */
export function firstPixel(): BenchModel {
  const bounds = (name: string, data: readonly number[]) => ({ name, datatype: "INT64" as const, shape: [2], data });
  const bytes = writeModel({
    opset: 13,
    inputs: [{ name: "image", datatype: "FP32", shape: IMAGE_SHAPE }],
    outputs: [{ name: "pixel", datatype: "FP32", shape: [1, 3, 1, 1] }],
    nodes: [{ op: "Slice", inputs: ["image", "starts", "ends", "axes"], outputs: ["pixel"] }],
    initializers: [bounds("starts", [0, 0]), bounds("ends", [1, 1]), bounds("axes", [2, 3])],
  });
  return { name: "first-pixel", bytes, inputs: [noise("image", IMAGE_SHAPE, seededRandom(SEED))] };
}
