import { cp, mkdtemp, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Quickstart, quickstartSchema } from "../../scripts/start/quickstart.ts";
import { childrenOf, commandOf } from "../support/processes.ts";
import { ROOT, freePort, npmStart, printed } from "./npm-start.ts";

/** What of the checkout `npm start` needs. */
const FILES = ["package.json", "tsconfig.json", "tsconfig.worker.json", "worker-configuration.d.ts", "wrangler.toml"];
const FOLDERS = [
  "bench",
  "container",
  "docs",
  "durable-objects",
  "engine",
  "examples",
  "migrations",
  "public",
  "scripts",
  "src",
];

/** A running `npm start`. */
export interface Tensorgate {
  /** Its address, its operator's token, and a tenant with the iris model. */
  readonly quickstart: Quickstart;
  /** All that it has printed. */
  output(): string;
  /** The process id of its container backend; undefined while there is none. */
  containerPid(): number | undefined;
}

/** Copy what `npm start` needs to a place of its own, which is removed after the test. */
export async function copyCheckout(): Promise<string> {
  const checkout = await mkdtemp(join(tmpdir(), "tensorgate-journey-"));
  onTestFinished(async () => await rm(checkout, { recursive: true, force: true }));
  for (const part of [...FILES, ...FOLDERS]) await cp(join(ROOT, part), join(checkout, part), { recursive: true });
  await symlink(await realpath(join(ROOT, "node_modules")), join(checkout, "node_modules"));
  return checkout;
}

/**
 * Start Tensorgate from a copy of the checkout, with an engine, secrets and data of its own: an engine that is built beside it,
 * by another journey or by a developer, would make it start anew in the middle of a call. It ends with the test.
 */
export async function startTensorgate(): Promise<Tensorgate> {
  const checkout = await copyCheckout();
  const state = join(checkout, "state");
  const child = npmStart({ checkout, state, port: await freePort(), environment: { TMPDIR: checkout } });
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
