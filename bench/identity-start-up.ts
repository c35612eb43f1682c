import { cp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "./benchmark.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { httpRequest } from "./http-connection.ts";
import { median } from "./measure.ts";
import { mnist } from "./models/mnist.ts";
import { cpuSecondsOf } from "./process-cpu.ts";
import { progress } from "./progress.ts";
import { type Column, formatTable } from "./report.ts";
import { jsonRequest } from "./requests.ts";
import type { BenchServer } from "./servers/server.ts";
import { restartWorker, startWorker } from "./servers/workerd.ts";
import { timeExchange } from "./time-exchange.ts";
import { type Workshop, during } from "./workshop.ts";

const ROOT = join(import.meta.dirname, "..");
const ENTRY = "src/index.ts";
/** Starts of each build per round: a processor's time is told in ticks of 10 ms, so one start says little. */
const STARTS_PER_ROUND = 4;

/** A build of the Worker, and what is asked of it. */
interface Build {
  readonly name: string;
  readonly checkout: string;
}

/** Processor time of a start up to an answer, in milliseconds. */
interface Start {
  /** From nothing to the answer of a route that needs nobody: the Worker's own script, and nothing else. */
  readonly scriptMs: number;
  /** From there to the first inference. */
  readonly inferenceMs: number;
}

/** What a Worker spends until its first answers, with identity that nobody has used yet and without any. */
export async function startUps(workshop: Workshop, rounds: number): Promise<Finding> {
  const builds: Build[] = [
    { name: "without identity", checkout: await checkoutWithoutIdentity(join(workshop.directory, "without")) },
    { name: "with identity", checkout: ROOT },
  ];
  const deployments = new Map<Build, Deployment>();
  for (const build of builds) deployments.set(build, await prepare(build, workshop));
  const starts = new Map<Build, Start[]>(builds.map((build) => [build, []]));
  progress(`credentials: ${rounds * STARTS_PER_ROUND} starts of each build`);
  for (let number = 0; number <= rounds * STARTS_PER_ROUND; number++) {
    for (const [build, deployment] of number % 2 === 0 ? deployments : [...deployments].toReversed()) {
      const start = await during(workshop, async (inner) => await measure(build, deployment, inner));
      if (number > 0) starts.get(build)?.push(start); // the first reads files that nobody has read
    }
  }
  const standings = [...starts].map(([{ name }, samples]) => ({ name, samples, median: medianOf(samples) }));
  const title = `Processor time of a Worker's start (${rounds * STARTS_PER_ROUND} of each), workerd's own included`;
  return { title, table: tableOf(standings), figures: { unit: "ms", standings } };
}

/** A copy of the sources in which the authorization server is nothing. */
async function checkoutWithoutIdentity(checkout: string): Promise<string> {
  for (const part of [
    "src",
    "durable-objects",
    "engine",
    "public",
    "dist",
    "docs",
    "scripts",
    "examples",
    "wrangler.toml",
    "package.json",
    "tsconfig.json",
  ]) {
    await cp(join(ROOT, part), join(checkout, part), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  await writeFile(
    join(checkout, "src/identity/server/auth-server.ts"),
    "export const createAuthServer = () => undefined;",
  );
  return checkout;
}

async function prepare({ name, checkout }: Build, workshop: Workshop): Promise<Deployment> {
  return await during(workshop, async (inner) => {
    const server = await startWorker(name, ENTRY, inner, { checkout });
    return await deploy(server, mnist());
  });
}

async function measure({ name }: Build, { key }: Deployment, workshop: Workshop): Promise<Start> {
  const server = await restartWorker(name, ENTRY, workshop);
  await timeExchange(server, httpRequest("GET", "/v2"));
  const scriptMs = cpuMsOf(server);
  await timeExchange(server, inference(key));
  return { scriptMs, inferenceMs: cpuMsOf(server) - scriptMs };
}

function inference(key: string): Buffer {
  const model = mnist();
  const { headers, body } = jsonRequest(model);
  return httpRequest("POST", `/v2/models/${model.name}/infer`, { ...headers, Authorization: `Bearer ${key}` }, body);
}

function cpuMsOf({ pid }: BenchServer): number {
  return (cpuSecondsOf(pid) ?? Number.NaN) * 1000;
}

function medianOf(samples: readonly Start[]): Start {
  return {
    scriptMs: median(samples.map(({ scriptMs }) => scriptMs)) ?? Number.NaN,
    inferenceMs: median(samples.map(({ inferenceMs }) => inferenceMs)) ?? Number.NaN,
  };
}

function tableOf(standings: readonly { readonly name: string; readonly median: Start }[]): string {
  const columns: Column[] = [
    { head: "build", align: "left" },
    { head: "first answer, CPU ms", align: "right" },
    { head: "ratio", align: "right" },
    { head: "first inference after it", align: "right" },
    { head: "together, ratio", align: "right" },
  ];
  const [first] = standings;
  const togetherMs = ({ scriptMs, inferenceMs }: Start): number => scriptMs + inferenceMs;
  const rows = standings.map(({ name, median: of }) => [
    name,
    of.scriptMs.toFixed(0),
    (of.scriptMs / (first?.median.scriptMs ?? Number.NaN)).toFixed(2),
    of.inferenceMs.toFixed(0),
    (togetherMs(of) / togetherMs(first?.median ?? of)).toFixed(2),
  ]);
  return formatTable(columns, rows);
}
