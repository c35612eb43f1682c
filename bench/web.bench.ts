import type { Setting } from "./benchmark.ts";
import { plainServer, wholePath } from "./inference.bench.ts";
import type { Comparison } from "./measure.ts";
import { mnist } from "./models/mnist.ts";
import { ultraface } from "./models/ultraface.ts";
import { binaryRequest } from "./requests.ts";
import { startNodeServer } from "./servers/node-peer.ts";
import { startWorker } from "./servers/workerd.ts";

/** The whole path, in binary, against the same runtime and the same codec behind a plain server in Node. */
export async function webBenchmark({ workshop, options }: Setting): Promise<Comparison[]> {
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const comparisons: Comparison[] = [];
  for (const model of [mnist(), await ultraface(options.dataDirectory)]) {
    if (!model) continue;
    const request = binaryRequest(model);
    const peer = plainServer(await startNodeServer(model, "onnxruntime-web/wasm", workshop), request);
    const kilobytes = (request.body.byteLength / 1000).toFixed(1);
    comparisons.push({
      title: `An inference (${model.name}, ${kilobytes} kB in binary) against ONNX Runtime Web in Node`,
      unit: "requests",
      levels: [1, 8, 32],
      contenders: [peer, await wholePath(server, model, request)],
    });
  }
  return comparisons;
}
