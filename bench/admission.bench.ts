import { z } from "zod";
import type { Setting } from "./benchmark.ts";
import { type Deployment, deploy, post } from "./deployment.ts";
import { httpRequest } from "./http-connection.ts";
import { httpContender } from "./http-load.ts";
import type { Comparison, Contender } from "./measure.ts";
import { mnist } from "./models/mnist.ts";
import { cpuSecondsOf } from "./process-cpu.ts";
import type { BenchServer } from "./servers/server.ts";
import { startWorker } from "./servers/workerd.ts";

const WAYS = {
  rpc: "one RPC per request",
  group: "group commit (ours: one trip under way)",
  group2: "group commit, two trips under way",
  group3: "group commit, three trips under way",
} as const;
type Way = keyof typeof WAYS;

const tenantSchema = z.object({ tenantId: z.string(), key: z.string() });
const loopSchema = z.object({ admitted: z.number(), elapsedMs: z.number() });

/** Admissions by the tenant's own cell, asked for from inside the Worker: joined into trips, and one by one. */
export async function groupCommitBenchmark(setting: Setting): Promise<Comparison[]> {
  const { server, template } = await prepare(setting);
  const ways: Way[] = ["rpc", "group", "group2", "group3"];
  return [false, true].map((repeats) => ({
    title: `Admissions in one cell, ${repeats ? "1 in 4 repeats an idempotency key" : "none repeats an idempotency key"}`,
    unit: "admissions",
    levels: [1, 8, 64, 256],
    contenders: ways.map((way) => loopContender(server, template, way, repeats)),
  }));
}

/** The same over HTTP: a route that authenticates, admits and answers. */
export async function httpAdmissionBenchmark(setting: Setting): Promise<Comparison[]> {
  const { server, template } = await prepare(setting);
  const ways: Way[] = ["rpc", "group", "group2", "group3"];
  const contenders = ways.map((way) => ({
    name: WAYS[way],
    sample: async (inFlight: number, ms: number) => {
      const { key } = await freshTenant(server, template);
      const request = httpRequest("POST", `/bench/admissions/${way}`, { Authorization: `Bearer ${key}` });
      return await httpContender(WAYS[way], server, request).sample(inFlight, ms);
    },
  }));
  return [
    {
      title: "Admissions in one cell, each with its own HTTP request",
      unit: "requests",
      levels: [1, 8, 64],
      contenders,
    },
  ];
}

async function prepare({ workshop }: Setting): Promise<{ server: BenchServer; template: Deployment }> {
  const server = await startWorker("bench-worker", "bench/worker/index.ts", workshop);
  return { server, template: await deploy(server, mnist()) };
}

/** A tenant of its own for every sample, with a ledger that is empty. */
async function freshTenant(server: BenchServer, template: Deployment): Promise<Deployment> {
  return tenantSchema.parse(
    await post(server, "/bench/tenants", {}, { templateId: template.tenantId, model: "mnist" }),
  );
}

function loopContender(server: BenchServer, template: Deployment, way: Way, repeats: boolean): Contender {
  return {
    name: WAYS[way],
    sample: async (inFlight, ms) => {
      const { tenantId, key } = await freshTenant(server, template);
      const cpuBefore = cpuSecondsOf(server.pid);
      const plan = { tenantId, key, model: "mnist", way, repeats, inFlight, ms };
      const { admitted, elapsedMs } = loopSchema.parse(await post(server, "/bench/loops", {}, plan));
      const cpuAfter = cpuSecondsOf(server.pid);
      const cpuMicros =
        cpuBefore === undefined || cpuAfter === undefined ? undefined : ((cpuAfter - cpuBefore) * 1e6) / admitted;
      return { perSecond: (admitted * 1000) / elapsedMs, ...(cpuMicros !== undefined && { cpuMicros }) };
    },
  };
}
