import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../../examples/iris/classifier.ts";
import { progress } from "../progress.ts";
import { type BenchModel, noise } from "./model.ts";

const SEED = 20_260_102;

/**
 * Ultraface RFB-320, a face detector: 1.2 MB, input FP32 [1,3,240,320] → scores FP32 [1,4420,2], boxes FP32 [1,4420,4].
 *
 * It is somebody else's model, so it stands outside the repository. The image is noise: a detector computes the same for it.
 *
 * @param dataDirectory  holds `real/ultraface-rfb-320/model.onnx`
 * @returns              undefined when it isn't there, which is said aloud
 * @see https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB
 */
export async function ultraface(dataDirectory: string): Promise<BenchModel | undefined> {
  const file = join(dataDirectory, "real/ultraface-rfb-320/model.onnx");
  const bytes = await readFile(file).catch(() => undefined);
  if (!bytes) {
    progress(`Ultraface is left out: there is no ${file}. --data DIR says where the models are.`);
    return undefined;
  }
  const inputs = [noise("input", [1, 3, 240, 320], seededRandom(SEED))];
  return { name: "ultraface", bytes: new Uint8Array(bytes), inputs };
}
