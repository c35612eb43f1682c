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

const WAYS = { rpc: "one RPC per request", group: "group commit" } as const;
type Way = keyof typeof WAYS;

const tenantSchema = z.object({ tenantId: z.string(), key: z.string() });
const loopSchema = z.object({ admitted: z.number(), elapsedMs: z.number() });

/** Admissions by the tenant's own cell, asked for from inside the Worker: joined into trips, and one by one. */
export async function groupCommitBenchmark(setting: Setting): Promise<Comparison[]> {
  const { server, template } = await prepare(setting);
  const ways: Way[] = ["rpc", "group"];
  return [false, true].map((repeats) => ({
    title: `Admissions in one cell, ${repeats ? "1 in 4 repeats an idempotency key" : "none repeats an idempotency key"}`,
    unit: "admissions",
    levels: [1, 8, 64, 256],
    contenders: ways.map((way) =>
      loopContender(server, WAYS[way], { way, repeats }, async () => [await freshTenant(server, template)]),
    ),
  }));
}

/** The same cell when it is new, and with a past; and one tenant against a hundred at once. */
export async function cellGrowthBenchmark(setting: Setting): Promise<Comparison[]> {
  const { server, template } = await prepare(setting);
  const tenants = await Promise.all(Array.from({ length: 100 }, () => freshTenant(server, template)));
  const plan = { way: "group", repeats: false } as const;
  const one = async () => [await freshTenant(server, template)];
  const withPast = async () => {
    const tenant = await freshTenant(server, template);
    await post(server, "/bench/fill", {}, { tenantId: tenant.tenantId, rows: 1_000_000, keys: 1_000 });
    return [tenant];
  };
  return [
    {
      title: "Admissions in one cell, when its ledger is empty and when it holds 1,000,000 rows beside 1,000 keys",
      unit: "admissions",
      levels: [64],
      contenders: [
        loopContender(server, "an empty ledger", plan, one),
        loopContender(server, "1,000,000 rows and 1,000 keys", plan, withPast),
      ],
    },
    {
      title: "Admissions of one tenant and of 100 tenants at once, so many under way for each",
      unit: "admissions",
      levels: [8, 64],
      contenders: [
        loopContender(server, "one tenant", plan, one),
        loopContender(server, "100 tenants", plan, async () => await Promise.resolve(tenants)),
      ],
    },
  ];
}

/** A route over HTTP that authenticates, admits, settles and does nothing else, against the same route without all that. */
export async function httpAdmissionBenchmark(setting: Setting): Promise<Comparison[]> {
  const { server, template } = await prepare(setting);
  const nothing = httpContender("nothing", server, httpRequest("POST", "/bench/nothing", {}));
  const admitting = (way: Way): Contender => ({
    name: WAYS[way],
    sample: async (inFlight: number, ms: number) => {
      const { key } = await freshTenant(server, template);
      const request = httpRequest("POST", `/bench/admissions/${way}`, { Authorization: `Bearer ${key}` });
      return await httpContender(WAYS[way], server, request).sample(inFlight, ms);
    },
  });
  return [
    {
      title: "A route that does nothing, and one that authenticates and admits",
      unit: "requests",
      levels: [1, 8, 32, 64],
      contenders: [nothing, admitting("group"), admitting("rpc")],
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

function loopContender(
  server: BenchServer,
  name: string,
  { way, repeats }: { readonly way: Way; readonly repeats: boolean },
  tenantsOf: () => Promise<Deployment[]>,
): Contender {
  return {
    name,
    sample: async (inFlight, ms) => {
      const tenants = await tenantsOf();
      const cpuBefore = cpuSecondsOf(server.pid);
      const plan = { tenants, model: "mnist", way, repeats, inFlight, ms };
      const { admitted, elapsedMs } = loopSchema.parse(await post(server, "/bench/loops", {}, plan));
      const cpuAfter = cpuSecondsOf(server.pid);
      const cpuMicros =
        cpuBefore === undefined || cpuAfter === undefined ? undefined : ((cpuAfter - cpuBefore) * 1e6) / admitted;
      return { perSecond: (admitted * 1000) / elapsedMs, ...(cpuMicros !== undefined && { cpuMicros }) };
    },
  };
}
