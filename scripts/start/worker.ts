import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "./failure.ts";
import type { StartOptions } from "./options.ts";

export const HOST = "127.0.0.1";
const READY_WITHIN_MS = 120_000;
const ENVIRONMENT = { ...process.env, WRANGLER_SEND_METRICS: "false" };

/** A Worker that serves on this machine. */
export interface LocalWorker {
  readonly baseUrl: string;
  readonly logFile: string;
  /** Resolves when the process has ended, however it ended. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Refuse a port that somebody else listens on, before anything else is done. */
export async function requireFreePort(port: number): Promise<void> {
  const server = createServer();
  server.listen(port, HOST);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new Failure(
      code === "EADDRINUSE" ? `Port ${port} is in use.` : `Port ${port} can't be opened: ${String(error)}.`,
      `Stop what listens there, or take another port: PORT=${port === 65_535 ? 8787 : port + 1} npm start`,
    );
  }
  server.close();
  await once(server, "close");
}

/** Bring the local D1 up to the newest migration. */
export async function applyMigrations(stateDirectory: string): Promise<void> {
  const args = ["d1", "migrations", "apply", "DB", "--local", "--persist-to", stateDirectory];
  const { exitCode, output } = await run("wrangler", args);
  if (exitCode === 0) return;
  throw new Failure(
    `The D1 migrations failed:\n${output.trim()}`,
    `Mend the migration named above (migrations/), or remove ${stateDirectory} to begin with an empty database.`,
  );
}

async function run(command: string, args: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(command, args, { env: { ...ENVIRONMENT, CI: "true" }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  await once(child, "close");
  return { exitCode: child.exitCode, output };
}

/** Start the Worker and wait until it answers. Its log goes to a file, its faults to the terminal too. */
export async function startWorker(
  options: StartOptions,
  variables: Readonly<Record<string, string>>,
): Promise<LocalWorker> {
  const { port, stateDirectory, devDirectory } = options;
  const logFile = join(devDirectory, "worker.log");
  const args = ["dev", "--ip", HOST, "--port", String(port), "--persist-to", stateDirectory];
  const given = Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const child = spawn("wrangler", [...args, ...given, "--show-interactive-dev-session=false"], {
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const worker: LocalWorker = {
    baseUrl: `http://${HOST}:${port}`,
    logFile,
    ended: once(child, "close").then(() => undefined),
    stop: async () => await stop(child),
  };
  await waitUntilReady(worker, child);
  return worker;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "close");
}

async function waitUntilReady(worker: LocalWorker, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) break;
    const answered = await fetch(`${worker.baseUrl}/v2/health/ready`).catch(() => undefined);
    if (answered?.ok) return;
    await pause(100);
  }
  await stop(child);
  throw new Failure(
    child.exitCode === null ? "The Worker was not ready in time." : "The Worker ended before it was ready.",
    `Its log says why: ${worker.logFile}`,
  );
}
