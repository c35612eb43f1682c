/** The Worker under torture: workerd with all state on disk, killed at will and started again by itself. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { Miniflare, convertV4MiniflareOptions } from "miniflare";

import { childPids } from "../../bench/process-cpu.ts";
import { bundleWorker, bundledModules } from "../../bench/servers/worker-bundle.ts";
import { ADMIN_TOKEN, MASTER_KEY, configuredOptions, migrate } from "../../bench/servers/workerd.ts";

const ROOT = join(import.meta.dirname, "../..");
const ENTRY = "scripts/torture/worker/index.ts";
const HOST = "127.0.0.1";

/** Where a running Worker is reached, and its operator's token. */
export interface Server {
  readonly baseUrl: string;
  readonly adminToken: string;
  /** How often workerd was started again. More often than it was killed means that it ended by itself. */
  readonly restarts: number;
  /** SIGKILL to workerd; resolves once it serves again, on the same port and the same state. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Bundle the Worker as a deployment would and serve it, with Durable Objects, D1 and R2 in files of this directory.
 *
 * Miniflare starts workerd, and starts it again when it has ended: with nothing but what lies in the directory.
 *
 * @param directory  empty; what workerd logs goes to workerd.log there
 */
export async function startServer(directory: string): Promise<Server> {
  const bundle = join(directory, "bundle");
  await mkdir(bundle, { recursive: true });
  await bundleWorker(ENTRY, bundle);
  const log = createWriteStream(join(directory, "workerd.log"));
  const life = new Life();
  const before = childPids();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...configuredOptions(),
      modules: await bundledModules(ENTRY, bundle),
      modulesRoot: bundle,
      bindings: { ADMIN_TOKEN, MASTER_KEY, EMAIL_DELIVERY: "outbox" },
      rootPath: ROOT,
      unsafeDirectSockets: [{ host: HOST, port: 0 }],
      resourcePersistencePath: join(directory, "state"),
      handleStructuredLogs: ({ level, message }) => void log.write(`${level} ${message}\n`),
      unsafeHandleRuntimeRestart: () => life.begun(),
    }),
  );
  await miniflare.ready;
  await migrate(miniflare);
  const { port } = await miniflare.unsafeGetDirectURL();
  return {
    baseUrl: `http://${HOST}:${port}`,
    adminToken: ADMIN_TOKEN,
    get restarts() {
      return life.restarts;
    },
    kill: async () => {
      const again = life.next();
      process.kill(workerdPid(before), "SIGKILL");
      await again;
    },
    close: async () => {
      await miniflare.dispose();
      log.end();
      await once(log, "close");
    },
  };
}

/** The lives of a process that is started again whenever it ends. */
class Life {
  restarts = 0;
  #next = Promise.withResolvers<undefined>();

  begun(): void {
    this.restarts += 1;
    this.#next.resolve(undefined);
    this.#next = Promise.withResolvers();
  }

  /** Resolves when the next life begins. */
  async next(): Promise<void> {
    await this.#next.promise;
  }
}

/** The one process that was started since. */
function workerdPid(before: readonly number[]): number {
  const [pid, ...others] = childPids().filter((child) => !before.includes(child));
  if (pid !== undefined && others.length === 0) return pid;
  throw new Error("workerd can't be told from other processes; the torture finds it in /proc, on Linux.");
}
