import type { Signature } from "../../engine/signature.ts";

/** An image FP32 [1,3,240,320] in, its first pixel out. */
export const PIXELS: Signature = {
  inputs: [{ name: "image", datatype: "FP32", shape: [1, 3, 240, 320] }],
  outputs: [{ name: "pixel", datatype: "FP32", shape: [1, 3, 1, 1] }],
};
