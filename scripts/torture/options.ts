/** What a run is told, by the command line. */
import { parseArgs } from "node:util";

import { faultMessage } from "../conformance/fault.ts";
import type { Command } from "../shared/command.ts";

export interface TortureOptions {
  readonly requests: number;
  readonly kills: number;
  readonly seed: number;
  readonly tenants: number;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** Where the state is left; undefined for a directory that goes with the run. */
  readonly state: string | undefined;
  /** Where the report goes as JSON. */
  readonly json: string | undefined;
}

export const usage = `Infer through crashes, and prove from the books that every call was counted exactly once.

usage: npm run torture -- [options]

  --requests N     requests in all, a quarter of them repeats of others (100000)
  --kills N        times that workerd is killed with SIGKILL and started again on its files (20)
  --seed S         the schedule: calls, repeats, kills, evictions (1)
  --tenants T      tenants, at least 3: the last has a small daily quota, the one before a small rate (4)
  --concurrency C  requests in flight (128)
  --state DIR      keep the server's files and log in DIR, which must be empty or new
  --json FILE      also write the report as JSON
  --help           print this

Starts a server of its own, on a free port. Besides the kills, cells are evicted in the middle of their work, and their answers
to the Worker are lost or come late. Clients retry with their Idempotency-Key until they have a final answer.
Exit code: 0 all figures agree, 1 some differ, 2 could not run.`;

const flags = {
  requests: { type: "string", default: "100000" },
  kills: { type: "string", default: "20" },
  seed: { type: "string", default: "1" },
  tenants: { type: "string", default: "4" },
  concurrency: { type: "string", default: "128" },
  state: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function readCount(flag: string, text: string, least: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least) return count;
  throw new Error(`--${flag} must be a whole number from ${least} on, not "${text}"`);
}

function parse(args: readonly string[]): Command<TortureOptions> {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help === true) return { kind: "help" };
  const options = {
    requests: readCount("requests", values.requests, 1),
    kills: readCount("kills", values.kills, 0),
    seed: readCount("seed", values.seed, 0),
    tenants: readCount("tenants", values.tenants, 3),
    concurrency: readCount("concurrency", values.concurrency, 1),
    state: values.state,
    json: values.json,
  };
  return { kind: "run", options };
}

/** Read the command line (without node and the script); a mistake is a value with its reason. */
export function readArguments(args: readonly string[]): Command<TortureOptions> {
  try {
    return parse(args);
  } catch (error) {
    return { kind: "invalid", reason: faultMessage(error) };
  }
}
