import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Contender, Sample } from "../measure.ts";
import type { BenchModel } from "../models/model.ts";
import { jsonRequest } from "../requests.ts";
import type { Workshop } from "../workshop.ts";
import type { BenchServer } from "./server.ts";

const readySchema = z.object({ port: z.number() });
const sampleSchema = z.object({
  perSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  cpuMicros: z.number(),
});

/** What a peer runs its model in; each is the name of a package. */
export type PeerRuntime = "onnxruntime-web/wasm" | "onnxruntime-node";

/**
 * The model behind a plain HTTP server in Node: no authentication, no admission, no ledger, no isolate.
 *
 * It is `node:http` itself, the quickest that Node has; a framework on top could only flatter us.
 */
export async function startNodeServer(
  model: BenchModel,
  runtime: PeerRuntime,
  workshop: Workshop,
): Promise<BenchServer> {
  const file = await modelFile(model, workshop);
  const child = startPeer("node-server.ts", [runtime, file], workshop);
  const { port } = readySchema.parse(await messageOf(child));
  return { name: `the server of ${model.name} in Node`, port, pid: child.pid };
}

/** The model in Node and nothing around it: one run after the other, whatever the level. */
export async function startNodeSession(model: BenchModel, workshop: Workshop): Promise<Contender> {
  const file = await modelFile(model, workshop);
  const request = join(workshop.directory, `${model.name}.json`);
  await writeFile(request, jsonRequest(model).body);
  const child = startPeer("node-session.ts", ["onnxruntime-web/wasm", file, request], workshop);
  return {
    name: "session.run in Node, nothing else",
    sample: async (_inFlight, ms): Promise<Sample> => {
      child.send({ ms });
      return sampleSchema.parse(await messageOf(child));
    },
  };
}

async function modelFile(model: BenchModel, workshop: Workshop): Promise<string> {
  const file = join(workshop.directory, `${model.name}.onnx`);
  await writeFile(file, model.bytes);
  return file;
}

function startPeer(script: string, args: readonly string[], workshop: Workshop): ChildProcess {
  const child = fork(join(import.meta.dirname, "../peers", script), args);
  workshop.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, "exit");
  });
  return child;
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("A Node process of the benchmark ended; what it wrote stands above."));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      resolve(message);
    });
  });
}
