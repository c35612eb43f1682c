import { join } from "node:path";
import { parseArgs } from "node:util";
import { Failure } from "./failure.ts";

/** What `npm start` was asked to do. */
export interface StartOptions {
  readonly port: number;
  /** End after the quickstart. */
  readonly once: boolean;
  readonly help: boolean;
  /** Where D1, R2 and the cells keep their data. */
  readonly stateDirectory: string;
  /** Where quickstart.json and the Worker's log are written. */
  readonly devDirectory: string;
}

export const HELP = `npm start [-- --once] [-- --state DIR]

Starts Tensorgate on http://127.0.0.1:8787 and runs the quickstart: a tenant, a key, the iris model, a prediction.

  PORT=8788 npm start   serves on another port
  --once                ends after the quickstart, with exit code 0 or 1
  --state DIR           keeps all data under DIR instead of .wrangler/state and .dev
  --help                shows this`;

/** Read the command line and the environment. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): StartOptions {
  const values = parse(args);
  const wanted = environment["PORT"] ?? "8787";
  const port = Number(wanted);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Failure(`PORT is "${wanted}".`, "Set PORT to a number from 1 to 65535, or leave it out for 8787.");
  }
  const { once = false, help = false, state } = values;
  return {
    port,
    once,
    help,
    stateDirectory: state ?? join(".wrangler", "state"),
    devDirectory: state ?? ".dev",
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { once: { type: "boolean" }, help: { type: "boolean", short: "h" }, state: { type: "string" } },
    }).values;
  } catch (error) {
    throw new Failure(
      error instanceof Error ? error.message : String(error),
      "`npm start -- --help` lists the options.",
    );
  }
}
