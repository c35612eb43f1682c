/** What a run is told, and how the command line says it. */
import { parseArgs } from "node:util";

import type { Target } from "./client.ts";
import { faultMessage } from "./fault.ts";
import type { Selection } from "./folders.ts";
import { type Datatype, datatypes } from "./tensors.ts";

/** `concurrency` counts folders, 2 by default; `rewrite` replaces the current line and is there on a terminal only. */
export interface ConformanceOptions extends Selection, Target {
  readonly directory: string;
  readonly concurrency?: number | undefined;
  readonly binary?: boolean | undefined;
  readonly interrupt?: AbortSignal | undefined;
  readonly rewrite?: ((text: string) => void) | undefined;
}

/** What the command line asks for; the server's address and key may be left to the environment. */
export interface ConformanceArguments extends Selection, Partial<Target> {
  readonly directory: string;
  readonly concurrency: number;
  readonly binary: boolean;
  readonly json?: string | undefined;
}

export type ConformanceCommand =
  | { readonly kind: "run"; readonly arguments: ConformanceArguments }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly reason: string };

export const usage = `Upload every model of DIR to a running server, infer its vectors, compare the answers, delete it.

usage: npm run conformance -- DIR [options]

  DIR                  folders with model.onnx and case.json, case.1.json, …; or one such folder
  --filter TEXT        only folders whose name contains TEXT
  --max-bytes N        only models of at most N bytes, external data included
  --datatypes A,B,…    only folders all of whose inputs and outputs are of these datatypes (FP32,INT64,…)
  --sample N           only N of the folders that are left, evenly spread and the same every time
  --binary             send and ask for tensors in binary instead of JSON
  --concurrency N      folders under way at once (2)
  --base-url URL       the server (TENSORGATE_URL, else what "npm start" wrote to .dev/quickstart.json)
  --api-key KEY        its key (TENSORGATE_API_KEY, else the same file)
  --json FILE          also write the report as JSON
  --help               print this

Where the server answers 429 with Retry-After of at most a minute, the request waits and is sent again (five times).
Exit code: 0 all passed, 1 some failed, 2 could not start, 130 interrupted.`;

const flags = {
  filter: { type: "string" },
  sample: { type: "string" },
  datatypes: { type: "string" },
  "max-bytes": { type: "string" },
  "base-url": { type: "string" },
  "api-key": { type: "string" },
  concurrency: { type: "string" },
  binary: { type: "boolean" },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function readCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new Error(`--${flag} must be a positive integer, not "${text}"`);
  return Number(text);
}

function readDatatypes(text: string | undefined): Datatype[] | undefined {
  return text?.split(",").map((name) => {
    const datatype = datatypes.find((known) => known === name.trim().toUpperCase());
    if (datatype === undefined) throw new Error(`--datatypes: "${name}" is none of ${datatypes.join(", ")}`);
    return datatype;
  });
}

function parse(args: readonly string[]): ConformanceCommand {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
  if (values.help === true) return { kind: "help" };
  const [directory, ...rest] = positionals;
  if (directory === undefined) throw new Error("DIR is missing: the directory with the case folders");
  if (rest.length > 0) throw new Error(`one DIR only, not also "${rest.join(" ")}"`);
  const parsed = {
    directory,
    filter: values.filter,
    sample: readCount("sample", values.sample),
    datatypes: readDatatypes(values.datatypes),
    maxBytes: readCount("max-bytes", values["max-bytes"]),
    concurrency: readCount("concurrency", values.concurrency) ?? 2,
    binary: values.binary ?? false,
    json: values.json,
    ...(values["base-url"] === undefined ? {} : { baseUrl: values["base-url"] }),
    ...(values["api-key"] === undefined ? {} : { apiKey: values["api-key"] }),
  };
  return { kind: "run", arguments: parsed };
}

/** Read the command line (without node and the script); a mistake is a value with its reason. */
export function readArguments(args: readonly string[]): ConformanceCommand {
  try {
    return parse(args);
  } catch (error) {
    return { kind: "invalid", reason: faultMessage(error) };
  }
}
