import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { descendantsOf, isAlive } from "../support/processes.ts";

/** The checkout that is tested. */
export const ROOT = join(import.meta.dirname, "../..");

/** A process whose output is read. */
export type Started = ChildProcessByStdio<null, Readable, Readable>;

/** How `npm start` is called. */
export interface StartWish {
  /** The checkout that is started; this one where none is given. */
  readonly checkout?: string;
  /** Where it keeps its data. */
  readonly state: string;
  readonly port: number;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** How long an end in order may take before the processes are killed. */
const END_WITHIN_MS = 15_000;

/** `npm start` as a newcomer runs it, on a port and with data of its own. */
export function npmStart({ checkout = ROOT, state, port, args = [], environment = {} }: StartWish): Started {
  const words = ["scripts/start.ts", "--state", state, ...args];
  return startScript(checkout, words, { PORT: String(port), ...environment });
}

/** A script of a checkout, as npm runs it. With the test it ends, and all that it has started. */
export function startScript(
  checkout: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Started {
  const child = spawn(process.execPath, words, {
    cwd: checkout,
    env: {
      ...process.env,
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  onTestFinished(async () => await end(child, closed), 2 * END_WITHIN_MS);
  return child;
}

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

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

/** Everything that a process prints, and its exit code. */
export async function outputOf(child: Started): Promise<{ output: string; exitCode: number | null }> {
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  await once(child, "close");
  return { output, exitCode: child.exitCode };
}

/** Resolves once a process has printed a text; rejects when it ends before. */
export async function printed(child: Started, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let output = "";
  const read = (chunk: unknown): void => {
    output += String(chunk);
    if (output.includes(text)) resolve(undefined);
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  child.once("close", () => reject(new Error(`It ended without printing "${text}":\n${output}`)));
  await promise;
}
