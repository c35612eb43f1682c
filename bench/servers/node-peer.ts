import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Contender, Sample } from "../measure.ts";
import type { BenchModel } from "../models.ts";
import type { Workshop } from "../workshop.ts";
import type { BenchServer } from "./server.ts";

const readySchema = z.object({ port: z.number() });
const sampleSchema = z.object({
  perSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  cpuMicros: z.number(),
});

/** The model behind a plain HTTP server in Node: no authentication, no admission, no ledger. */
export async function startNodeServer(model: BenchModel, workshop: Workshop): Promise<BenchServer> {
  const child = await startPeer("node-server.ts", model, workshop);
  const { port } = readySchema.parse(await messageOf(child));
  return { name: "the server in Node", port, pid: child.pid };
}

/** The model in Node and nothing around it: one run after the other, whatever the level. */
export async function startNodeSession(model: BenchModel, workshop: Workshop): Promise<Contender> {
  const child = await startPeer("node-session.ts", model, workshop);
  return {
    name: "session.run in Node, nothing else",
    sample: async (_inFlight, ms): Promise<Sample> => {
      child.send({ ms });
      return sampleSchema.parse(await messageOf(child));
    },
  };
}

async function startPeer(script: string, model: BenchModel, workshop: Workshop): Promise<ChildProcess> {
  const file = join(workshop.directory, `${model.name}.onnx`);
  const request = join(workshop.directory, `${model.name}.json`);
  await Promise.all([writeFile(file, model.bytes), writeFile(request, model.body)]);
  const child = fork(join(import.meta.dirname, "../peers", script), [file, request]);
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
