import { once } from "node:events";
import { cp, mkdtemp, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Quickstart, quickstartSchema } from "../../scripts/start/quickstart.ts";
import { commandOf, childrenOf, descendantsOf, isAlive } from "../support/processes.ts";
import { ROOT, type Started, freePort, npmStart, printed } from "./npm-start.ts";

/** What of the checkout `npm start` needs. */
const FILES = ["package.json", "tsconfig.json", "tsconfig.worker.json", "worker-configuration.d.ts", "wrangler.toml"];
const FOLDERS = ["container", "docs", "durable-objects", "engine", "examples", "migrations", "scripts", "src"];
/** How long an end in order may take before the processes are killed. */
const END_WITHIN_MS = 15_000;

/** A running `npm start`. */
export interface Tensorgate {
  /** Its address, its operator's token, and a tenant with the iris model. */
  readonly quickstart: Quickstart;
  /** All that it has printed. */
  output(): string;
  /** The process id of its container backend; undefined while there is none. */
  containerPid(): number | undefined;
}

/**
 * Start Tensorgate from a copy of the checkout, with an engine, secrets and data of its own: an engine that is built beside it,
 * by another journey or by a developer, would make it start anew in the middle of a call. It ends with the test.
 */
export async function startTensorgate(): Promise<Tensorgate> {
  const checkout = await mkdtemp(join(tmpdir(), "tensorgate-journey-"));
  for (const part of [...FILES, ...FOLDERS]) await cp(join(ROOT, part), join(checkout, part), { recursive: true });
  await symlink(await realpath(join(ROOT, "node_modules")), join(checkout, "node_modules"));
  const state = join(checkout, "state");
  const child = npmStart({ checkout, state, port: await freePort(), environment: { TMPDIR: checkout } });
  const closed = once(child, "close");
  onTestFinished(async () => {
    await end(child, closed);
    await rm(checkout, { recursive: true, force: true });
  }, 2 * END_WITHIN_MS);
  let output = "";
  const read = (chunk: unknown): void => void (output += String(chunk));
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  await printed(child, "Serving on");
  const quickstart = await readFile(join(state, "quickstart.json"), "utf8");
  return {
    quickstart: quickstartSchema.parse(JSON.parse(quickstart)),
    output: () => output,
    containerPid: () => childrenOf(child.pid ?? 0).find((pid) => commandOf(pid).includes("container/server.ts")),
  };
}

/** End a process and all that it has started, in order where that goes. */
async function end(child: Started, closed: Promise<unknown>): Promise<void> {
  const processes = [child.pid ?? 0, ...descendantsOf(child.pid ?? 0)];
  const kill = (): void => {
    for (const pid of processes.filter(isAlive)) process.kill(pid, "SIGKILL");
  };
  const patience = setTimeout(kill, END_WITHIN_MS);
  child.kill("SIGTERM");
  await closed;
  clearTimeout(patience);
  kill();
}
