/** What a run of hostile models is told, by the command line. */
import { parseArgs } from "node:util";

import { faultMessage } from "../conformance/fault.ts";
import type { Command } from "../shared/command.ts";

export interface HostileOptions {
  /** The folder with manifest.json. */
  readonly directory: string;
  /** What `npm start -- --state` was given: its quickstart.json is read, and its files are searched for leftovers. */
  readonly state?: string | undefined;
  /** Part of the file's name. */
  readonly filter?: string | undefined;
  /** Take models that never end too: only where the server can end them. */
  readonly includeEndless: boolean;
  /** Where the table goes as Markdown. */
  readonly report?: string | undefined;
}

export const usage = `Do everything with hostile models that a tenant can, while another tenant calls a model of his own.

usage: npm run hostile -- DIR [options]

  DIR                  folder of ONNX files with manifest.json, which says what must become of each
  --state STATE        what "npm start -- --state STATE" was given; its files are then searched for leftovers too
  --filter TEXT        only files whose name contains TEXT
  --include-endless    also models that never end: only where the server can end them, or it will have to be killed
  --report FILE        also write the table as Markdown
  --help               print this

Needs a server that "npm start" has started: its address and operator's token are read from STATE/quickstart.json
(.dev/quickstart.json without --state). Makes two tenants; their models are deleted at the end.
Exit code: 0 every model did what the manifest expects, the other tenant was always answered and nothing was left; 1 not;
2 could not start.`;

const flags = {
  state: { type: "string" },
  filter: { type: "string" },
  "include-endless": { type: "boolean" },
  report: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function parse(args: readonly string[]): Command<HostileOptions> {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
  if (values.help === true) return { kind: "help" };
  const [directory, ...rest] = positionals;
  if (directory === undefined) throw new Error("DIR is missing: the folder of hostile models");
  if (rest.length > 0) throw new Error(`one DIR only, not also "${rest.join(" ")}"`);
  const { state, filter, report } = values;
  const includeEndless = values["include-endless"] ?? false;
  return { kind: "run", options: { directory, state, filter, includeEndless, report } };
}

/** Read the command line (without node and the script); a mistake is a value with its reason. */
export function readArguments(args: readonly string[]): Command<HostileOptions> {
  try {
    return parse(args);
  } catch (error) {
    return { kind: "invalid", reason: faultMessage(error) };
  }
}
