import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { startContainer } from "../container/start.ts";
import { containerToken } from "../src/shared/derived-keys.ts";
import type { Setting } from "./benchmark.ts";
import { plainServer, wholePath } from "./inference.bench.ts";
import type { Comparison } from "./measure.ts";
import { mnist } from "./models/mnist.ts";
import type { BenchModel } from "./models/model.ts";
import { transformer } from "./models/transformer.ts";
import { ultraface } from "./models/ultraface.ts";
import { binaryRequest } from "./requests.ts";
import { type PeerRuntime, startNodeServer } from "./servers/node-peer.ts";
import type { BenchServer } from "./servers/server.ts";
import { MASTER_KEY, startWorker } from "./servers/workerd.ts";
import type { Workshop } from "./workshop.ts";

const ENTRY = "src/index.ts";

/** The whole path through a model's isolate, in binary, against the same runtime and codec behind a plain server in Node. */
export async function webBenchmark({ workshop, options }: Setting): Promise<Comparison[]> {
  const server = await startWorker("Tensorgate", ENTRY, workshop);
  const models = [mnist(), await ultraface(options.dataDirectory)];
  return await againstPlainServers(server, "onnxruntime-web/wasm", models, workshop);
}

/** The same through the container backend, against ONNX Runtime's native build. */
export async function containerBenchmark({ workshop, options }: Setting): Promise<Comparison[]> {
  const port = await freePort(); // the Worker and the container are each told of the other when they start
  const origin = `http://127.0.0.1:${port}`;
  const container = await startContainer({
    modelOrigin: origin,
    environment: { CONTAINER_TOKEN: containerToken(MASTER_KEY) },
  });
  workshop.defer(async () => await container.stop());
  const server = await startWorker("Tensorgate", ENTRY, workshop, {
    port,
    bindings: { CONTAINER_URL: container.url, PUBLIC_ORIGIN: origin },
  });
  const models = [mnist(), await ultraface(options.dataDirectory), transformer()];
  return await againstPlainServers(server, "onnxruntime-node", models, workshop);
}

async function againstPlainServers(
  server: BenchServer,
  runtime: PeerRuntime,
  models: readonly (BenchModel | undefined)[],
  workshop: Workshop,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const model of models) {
    if (!model) continue;
    const request = binaryRequest(model);
    const placement = runtime === "onnxruntime-node" ? "container" : "isolate";
    const peer = plainServer(await startNodeServer(model, runtime, workshop), request);
    const kilobytes = (request.body.byteLength / 1000).toFixed(1);
    comparisons.push({
      title: `An inference (${model.name}, ${kilobytes} kB in binary) against ${runtime} in Node`,
      unit: "requests",
      levels: [1, 8, 32],
      contenders: [peer, await wholePath(server, model, request, placement)],
    });
  }
  return comparisons;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an address with a port
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
