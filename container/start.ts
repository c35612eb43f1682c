import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";

/** A container server that runs as a child process of this one, and ends with it. */
export interface RunningContainer {
  /** Its origin, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** Resolves when it has ended, however it ended. */
  readonly ended: Promise<void>;
  /** Let it finish what it is at, and resolve with its exit code; null when it was killed. */
  stop(): Promise<number | null>;
}

/**
 * Start the container's server on this machine, on any free port of 127.0.0.1.
 *
 * @param modelOrigin  the origins that it may fetch model files from, separated by commas
 * @param environment  further variables, as README.md lists them
 * @throws Error  when it ends before it listens; what it says is on this process's standard error
 */
export async function startContainer({
  modelOrigin,
  environment = {},
}: {
  readonly modelOrigin: string;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<RunningContainer> {
  const token = environment["CONTAINER_TOKEN"] ?? randomBytes(32).toString("base64url");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", `${import.meta.dirname}/server.ts`], {
    // The server ends when its standard input closes, so none is left behind however this process ends.
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      PORT: "0",
      LOG: "error",
      MODEL_ORIGIN: modelOrigin,
      ...environment,
      CONTAINER_TOKEN: token,
      CONTAINER_PARENT_WATCH: "1",
    },
  });
  const ended = once(child, "exit");
  const first = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
  const port = typeof first[0] === "string" ? /^\{"listening":(\d+)\}$/.exec(first[0])?.[1] : undefined;
  if (port === undefined || child.pid === undefined) {
    throw new Error("The container's server ended before it listened.");
  }
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    pid: child.pid,
    ended: ended.then(() => undefined),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      return child.exitCode;
    },
  };
}
