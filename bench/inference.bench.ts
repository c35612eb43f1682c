import { deploy } from "./deployment.ts";
import { httpRequest } from "./http-connection.ts";
import { httpContender } from "./http-load.ts";
import type { Comparison, Contender } from "./measure.ts";
import { type BenchModel, mnist } from "./models.ts";
import { startNodeServer, startNodeSession } from "./servers/node-peer.ts";
import { startHello, startWorker } from "./servers/workerd.ts";
import type { Workshop } from "./workshop.ts";

const LEVELS = [1, 8, 32, 64];

/** What an inference costs beside a Worker that does nothing at all. */
export async function helloBenchmark(workshop: Workshop): Promise<Comparison[]> {
  const model = mnist();
  const hello = httpContender("bare workerd: hello", await startHello(workshop), httpRequest("GET", "/"));
  const title = `An inference (MNIST, ${kilobytes(model)} of JSON) against a bare Worker`;
  return [{ title, unit: "requests", levels: LEVELS, contenders: [hello, await wholePath(model, workshop)] }];
}

/** What an inference costs beside the same runtime in Node, with nothing around it and behind a plain server. */
export async function nodeBenchmark(workshop: Workshop): Promise<Comparison[]> {
  const model = mnist();
  const request = httpRequest("POST", "/", { "Content-Type": "application/json" }, model.body);
  const contenders = [
    httpContender("node:http + ONNX Runtime Web", await startNodeServer(model, workshop), request),
    await startNodeSession(model, workshop),
    await wholePath(model, workshop),
  ];
  const title = `An inference (MNIST, ${kilobytes(model)} of JSON) against ONNX Runtime Web in Node`;
  return [{ title, unit: "requests", levels: LEVELS, contenders }];
}

async function wholePath(model: BenchModel, workshop: Workshop): Promise<Contender> {
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const { key } = await deploy(server, model);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${key}` };
  const request = httpRequest("POST", `/v2/models/${model.name}/infer`, headers, model.body);
  return httpContender("Tensorgate: authenticated, admitted, metered", server, request);
}

function kilobytes(model: BenchModel): string {
  return `${(model.body.byteLength / 1000).toFixed(1)} kB`;
}
