import type { Setting } from "./benchmark.ts";
import { type WishedRuntime, deploy } from "./deployment.ts";
import { httpRequest } from "./http-connection.ts";
import { httpContender } from "./http-load.ts";
import type { Comparison, Contender } from "./measure.ts";
import { mnist } from "./models/mnist.ts";
import type { BenchModel } from "./models/model.ts";
import { type InferRequest, jsonRequest } from "./requests.ts";
import { startNodeServer, startNodeSession } from "./servers/node-peer.ts";
import type { BenchServer } from "./servers/server.ts";
import { startHello, startWorker } from "./servers/workerd.ts";

const LEVELS = [1, 8, 32, 64];

/** What an inference costs beside a Worker that does nothing at all. */
export async function helloBenchmark({ workshop }: Setting): Promise<Comparison[]> {
  const model = mnist();
  const hello = httpContender("bare workerd: hello", await startHello(workshop), httpRequest("GET", "/"));
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const ours = await wholePath(server, model, jsonRequest(model));
  const title = `An inference (MNIST, ${jsonSize(model)}) against a bare Worker`;
  return [{ title, unit: "requests", levels: LEVELS, contenders: [hello, ours] }];
}

/** What an inference costs beside the same runtime in Node, with nothing around it and behind a plain server. */
export async function nodeBenchmark({ workshop }: Setting): Promise<Comparison[]> {
  const model = mnist();
  const request = jsonRequest(model);
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const contenders = [
    plainServer(await startNodeServer(model, "onnxruntime-web/wasm", workshop), request),
    await startNodeSession(model, workshop),
    await wholePath(server, model, request),
  ];
  const title = `An inference (MNIST, ${jsonSize(model)}) against ONNX Runtime Web in Node`;
  return [{ title, unit: "requests", levels: LEVELS, contenders }];
}

/** The model on our Worker, deployed to a tenant of its own and asked over the API. */
export async function wholePath(
  server: BenchServer,
  model: BenchModel,
  request: InferRequest,
  runtime: WishedRuntime = "isolate",
): Promise<Contender> {
  const { key } = await deploy(server, model, runtime);
  const headers = { ...request.headers, Authorization: `Bearer ${key}` };
  const bytes = httpRequest("POST", `/v2/models/${model.name}/infer`, headers, request.body);
  return httpContender("Tensorgate: authenticated, admitted, metered", server, bytes);
}

/** The model behind a plain server. */
export function plainServer(server: BenchServer, request: InferRequest): Contender {
  return httpContender(
    "node:http + ONNX Runtime, nothing else",
    server,
    httpRequest("POST", "/", request.headers, request.body),
  );
}

function jsonSize(model: BenchModel): string {
  return `${(jsonRequest(model).body.byteLength / 1000).toFixed(1)} kB of JSON`;
}
