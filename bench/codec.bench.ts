import type { Setting } from "./benchmark.ts";
import { deploy } from "./deployment.ts";
import { httpRequest } from "./http-connection.ts";
import { httpContender } from "./http-load.ts";
import type { Comparison } from "./measure.ts";
import { firstPixel } from "./models/first-pixel.ts";
import { binaryRequest, jsonRequest } from "./requests.ts";
import { startLoaderWorker } from "./servers/loader-worker.ts";
import { startWorker } from "./servers/workerd.ts";
import type { Workshop } from "./workshop.ts";

const LEVELS = [1, 8];

/** What a tensor of 0.9 MB costs: as JSON and in binary, and decoded in the Worker itself or behind the wall of an isolate. */
export async function codecBenchmark({ workshop }: Setting): Promise<Comparison[]> {
  return [await jsonAgainstBinary(workshop), await inPlaceAgainstForwarded(workshop)];
}

async function jsonAgainstBinary(workshop: Workshop): Promise<Comparison> {
  const model = firstPixel();
  const server = await startWorker("Tensorgate", "src/index.ts", workshop);
  const { key } = await deploy(server, model);
  const contenders = [jsonRequest(model), binaryRequest(model)].map(({ headers, body }, index) => {
    const form = index === 0 ? "JSON" : "binary";
    const withKey = { ...headers, Authorization: `Bearer ${key}` };
    const request = httpRequest("POST", `/v2/models/${model.name}/infer`, withKey, body);
    return httpContender(`${form}, ${(body.byteLength / 1e6).toFixed(2)} MB`, server, request);
  });
  return { title: "An image FP32 [1,3,240,320] through the whole path", unit: "requests", levels: LEVELS, contenders };
}

async function inPlaceAgainstForwarded(workshop: Workshop): Promise<Comparison> {
  const program = { worker: "forwarding.ts", isolate: "decoding-isolate.ts" };
  const server = await startLoaderWorker("forwarding", program, workshop);
  const { headers, body } = binaryRequest(firstPixel());
  return {
    title: "The same image in binary, decoded in the Worker or in an isolate that it is forwarded to",
    unit: "requests",
    levels: LEVELS,
    contenders: [
      httpContender("in the Worker", server, httpRequest("POST", "/in-place", headers, body)),
      httpContender("forwarded with fetch", server, httpRequest("POST", "/forwarded", headers, body)),
    ],
  };
}
