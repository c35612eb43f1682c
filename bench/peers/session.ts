import { readFile } from "node:fs/promises";
import type * as ort from "onnxruntime-web/wasm";
import { type PeerModel, peerModel } from "./peer-model.ts";

/**
 * Load a model as a plain server does, on one thread as in a Worker.
 *
 * @param runtime  the package: `onnxruntime-web/wasm` or `onnxruntime-node`; the two have one interface
 */
export async function loadPeer(runtime: string, file: string): Promise<PeerModel> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion, import/no-dynamic-require -- which of two packages is the caller's to say
  const { InferenceSession, Tensor, env } = (await import(runtime)) as typeof ort;
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(await readFile(file), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return peerModel(session, Tensor);
}
