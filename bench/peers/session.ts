import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web/wasm";

/** A model in ONNX Runtime Web, on one thread as in a Worker. */
export async function loadSession(file: string): Promise<ort.InferenceSession> {
  ort.env.wasm.numThreads = 1;
  return await ort.InferenceSession.create(await readFile(file), { executionProviders: ["wasm"] });
}

/** A request's tensors, as a server that trusts its callers reads them. */
export function readFeeds(body: string): Record<string, ort.Tensor> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer to beat checks nothing
  const { inputs } = JSON.parse(body) as { inputs: { name: string; shape: number[]; data: number[] }[] };
  return Object.fromEntries(
    inputs.map(({ name, shape, data }) => [name, new ort.Tensor("float32", Float32Array.from(data), shape)]),
  );
}
