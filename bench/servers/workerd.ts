import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Miniflare, type V4WorkerOptions, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from "wrangler";
import { z } from "zod";
import { childPids } from "../process-cpu.ts";
import type { Workshop } from "../workshop.ts";
import type { BenchServer } from "./server.ts";
import { bundleWorker, bundledModules } from "./worker-bundle.ts";

const ROOT = join(import.meta.dirname, "../..");
const HOST = "127.0.0.1";

/** The operator's token of the Workers that are measured. */
export const ADMIN_TOKEN = "operator-token-known-to-benchmarks-only";
export const MASTER_KEY = "master-key-known-to-benchmarks-only";

/** A Worker without anything: what workerd itself costs. */
export async function startHello(workshop: Workshop): Promise<BenchServer> {
  const { server } = await startWorkerd("bare workerd", workshop, {
    modules: true,
    script: 'export default { fetch() { return new Response("hello"); } };',
    ...compatibility(),
  });
  return server;
}

/** Where a Worker listens, any free port if none is given, and what it is told besides wrangler.toml. */
export interface Placement {
  readonly port?: number;
  /** Where the Worker's sources are; the repository if nothing else is given. */
  readonly checkout?: string;
  readonly bindings?: Readonly<Record<string, string>>;
}

/** One of our Workers with all that wrangler.toml binds: Durable Objects, D1 and R2 on disk, the Worker Loader. */
export async function startWorker(
  name: string,
  entry: string,
  workshop: Workshop,
  placement: Placement = {},
): Promise<BenchServer> {
  await bundleWorker(entry, bundleDirectory(name, workshop), placement.checkout);
  const { server, miniflare } = await startBundled(name, entry, workshop, placement);
  await migrate(miniflare);
  return server;
}

/** A Worker that has ended, again: on the bundle and the state that it left in the workshop, with nothing in its memory. */
export async function restartWorker(name: string, entry: string, workshop: Workshop): Promise<BenchServer> {
  const { server } = await startBundled(name, entry, workshop, {});
  return server;
}

async function startBundled(name: string, entry: string, workshop: Workshop, { port, bindings }: Placement) {
  const modulesRoot = bundleDirectory(name, workshop);
  const modules = await bundledModules(entry, modulesRoot);
  const secrets = { ADMIN_TOKEN, MASTER_KEY, EMAIL_DELIVERY: "outbox", ...bindings }; // without .dev.vars
  return await startWorkerd(name, workshop, { ...configuredOptions(), modules, modulesRoot, bindings: secrets }, port);
}

function bundleDirectory(name: string, workshop: Workshop): string {
  return join(workshop.directory, `bundle-${name}`);
}

/** The compatibility date and flags of wrangler.toml. */
export function compatibility() {
  return compatibilitySchema.parse(configuredOptions());
}

const compatibilitySchema = z.object({ compatibilityDate: z.string(), compatibilityFlags: z.array(z.string()) });

/** What wrangler.toml says of the Worker, as Miniflare takes it. */
export function configuredOptions() {
  process.env["WRANGLER_LOG"] ??= "error"; // it would warn that ADMIN_TOKEN, which is given here, is not in .dev.vars
  const { modulesRules: _rules, ...options } = workerOptionsOf(join(ROOT, "wrangler.toml")).workerOptions;
  return options;
}

/**
 * Start workerd with a socket that leads straight into the Worker.
 *
 * Miniflare writes workerd's configuration, because D1 and R2 are Workers of Miniflare's that stand beside ours. Its own
 * entry socket, with a proxy behind it, is left unused: measured on a Worker that says hello, a direct socket is as fast as
 * `workerd serve` with a configuration written by hand (1.0), the entry socket has 0.3 of that.
 */
export async function startWorkerd(
  name: string,
  workshop: Workshop,
  worker: V4WorkerOptions,
  port = 0,
): Promise<{ server: BenchServer; miniflare: Miniflare }> {
  const before = childPids();
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      ...worker,
      rootPath: ROOT,
      unsafeDirectSockets: [{ host: HOST, port }],
      resourcePersistencePath: join(workshop.directory, `state-${name}`),
      // Miniflare would start workerd anew and the run would go on with a cold server: end it instead.
      unsafeHandleRuntimeRestart: async () => await miniflare.dispose(),
    }),
  });
  workshop.defer(async () => await miniflare.dispose().catch(() => undefined)); // `ready` has told what failed
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL();
  const pid = childPids().find((child) => !before.includes(child));
  return { server: { name, port: Number(url.port), pid }, miniflare };
}

interface Database {
  prepare(statement: string): { run(): Promise<unknown> };
}

/** Bring the Worker's D1 from nothing to its present form. */
export async function migrate(miniflare: Miniflare): Promise<void> {
  const { DB: database } = await miniflare.getBindings<{ DB: Database }>();
  const directory = join(ROOT, "migrations");
  const files = (await readdir(directory)).filter((file) => file.endsWith(".sql")).toSorted();
  for (const file of files) {
    const statements = (await readFile(join(directory, file), "utf8")).split("--> statement-breakpoint");
    for (const statement of statements) await database.prepare(statement).run();
  }
}
