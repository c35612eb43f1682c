/** What a run is told, and how the command line says it. */
import { parseArgs } from "node:util";

import type { Target } from "./client.ts";
import type { Exception } from "./exceptions.ts";
import { faultMessage } from "./fault.ts";
import type { Selection, Shard } from "./folders.ts";
import { type Form, type Runtime, runtimes } from "./forms.ts";
import { type Datatype, datatypes } from "./tensors.ts";

/** What a run does with each folder that it takes. */
interface Treatment {
  readonly directories: readonly string[];
  /** The forms in which each vector is inferred, of one upload; JSON where nothing is said. */
  readonly forms?: readonly Form[] | undefined;
  /** Where the server is asked to run the models; undefined leaves it to the server, without a word. */
  readonly runtime?: Runtime | undefined;
}

/** `concurrency` counts folders, 2 by default; `rewrite` replaces the current line and is there on a terminal only. */
export interface ConformanceOptions extends Selection, Target, Treatment {
  readonly concurrency?: number | undefined;
  readonly exceptions?: readonly Exception[] | undefined;
  readonly interrupt?: AbortSignal | undefined;
  readonly rewrite?: ((text: string) => void) | undefined;
}

/** What the command line asks for; the server's address and key may be left to the environment. */
export interface ConformanceArguments extends Selection, Partial<Target>, Treatment {
  readonly concurrency: number;
  /** Path of the list of cases that are known to fail. */
  readonly exceptionsFile?: string | undefined;
  /** Where the report goes as JSON. */
  readonly json?: string | undefined;
  /** Where the report goes as Markdown. */
  readonly report?: string | undefined;
}

export type ConformanceCommand =
  | { readonly kind: "run"; readonly arguments: ConformanceArguments }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly reason: string };

export const usage = `Upload every model of each DIR to a running server, infer its vectors, compare the answers, delete it.

usage: npm run conformance -- DIR… [options]

  DIR                  folders with model.onnx and case.json, case.1.json, …; or one such folder
  --filter TEXT        only folders whose name contains TEXT
  --max-bytes N        only models of at most N bytes, external data included
  --datatypes A,B,…    only folders all of whose inputs and outputs are of these datatypes (FP32,INT64,…)
  --sample N           only N of the folders that are left, evenly spread and the same every time
  --shard I/N          only the I-th of N equal parts of what is then left: a long run in stretches
  --binary             send and ask for tensors in binary instead of JSON
  --both-forms         infer each vector in JSON and in binary
  --runtime R          where models shall run: auto, isolate or container (the server decides)
  --exceptions FILE    JSON list of { case, form?, runtime?, reason }: cases known to fail, which must fail
  --concurrency N      folders under way at once (2)
  --base-url URL       the server (TENSORGATE_URL, else what "npm start" wrote to .dev/quickstart.json)
  --api-key KEY        its key (TENSORGATE_API_KEY, else the same file)
  --json FILE          also write the report as JSON
  --report FILE        also write the figures as Markdown
  --help               print this

Where the server answers 429 with Retry-After of at most a minute, the request waits and is sent again (five times).
Exit code: 0 all passed or excused, 1 some failed or an exception passed, 2 could not start, 130 interrupted.`;

const flags = {
  filter: { type: "string" },
  sample: { type: "string" },
  datatypes: { type: "string" },
  "max-bytes": { type: "string" },
  "base-url": { type: "string" },
  "api-key": { type: "string" },
  concurrency: { type: "string" },
  binary: { type: "boolean" },
  "both-forms": { type: "boolean" },
  shard: { type: "string" },
  runtime: { type: "string" },
  exceptions: { type: "string" },
  json: { type: "string" },
  report: { type: "string" },
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

function readShard(text: string | undefined): Shard | undefined {
  if (text === undefined) return undefined;
  const [, index, count] = /^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index <= shard.count) return shard;
  throw new Error(`--shard must be I/N with 1 ≤ I ≤ N, as in 2/10, not "${text}"`);
}

function readRuntime(text: string | undefined): Runtime | undefined {
  if (text === undefined) return undefined;
  const runtime = runtimes.find((known) => known === text);
  if (runtime === undefined) throw new Error(`--runtime: "${text}" is none of ${runtimes.join(", ")}`);
  return runtime;
}

function readForms(isBinary: boolean, isBoth: boolean): Form[] {
  if (isBinary && isBoth) throw new Error("--binary and --both-forms exclude each other");
  if (isBoth) return ["json", "binary"];
  return isBinary ? ["binary"] : ["json"];
}

function parse(args: readonly string[]): ConformanceCommand {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
  if (values.help === true) return { kind: "help" };
  if (positionals.length === 0) throw new Error("DIR is missing: the directory with the case folders");
  const parsed = {
    directories: positionals,
    filter: values.filter,
    sample: readCount("sample", values.sample),
    shard: readShard(values.shard),
    datatypes: readDatatypes(values.datatypes),
    maxBytes: readCount("max-bytes", values["max-bytes"]),
    concurrency: readCount("concurrency", values.concurrency) ?? 2,
    forms: readForms(values.binary ?? false, values["both-forms"] ?? false),
    runtime: readRuntime(values.runtime),
    exceptionsFile: values.exceptions,
    json: values.json,
    report: values.report,
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
