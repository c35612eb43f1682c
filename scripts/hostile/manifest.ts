/** What the folder of hostile models says of each: what it is, and what must become of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

/**
 * What must become of a model.
 *
 * - `reject`: refused at upload
 * - `accept`: taken, and inferred with inputs of its signature
 * - `either`: refused at upload; or taken, and then inferred or refused
 * - `run-or-reject`: refused at upload; or taken, and then inferred with inputs of the signature that the server tells
 * - `stop`: refused at upload; or taken, and then refused or ended by a limit at its worst inference
 * - `time-out`: taken, inferred with ones, and ended by the time limit at its worst inferences
 */
export type Expectation = "reject" | "accept" | "either" | "run-or-reject" | "stop" | "time-out";

/** How the manifest begins to say it, and what is meant; the first that fits counts. */
const expectations: readonly (readonly [beginning: string, expectation: Expectation])[] = [
  ["reject at upload or clean 4xx on infer", "stop"],
  ["must be stopped by", "stop"],
  ["reject at upload", "reject"],
  ["accept or reject", "either"],
  ["accept within limits or reject", "either"],
  ["accept", "accept"],
  ["validator and runtime must see the same graph", "run-or-reject"],
];

const expectationSchema = z.string().transform((text, context): Expectation => {
  const found = expectations.find(([beginning]) => text.startsWith(beginning));
  if (found !== undefined) return found[1];
  context.addIssue({ code: "custom", message: `"${text}" is no expectation that is known here` });
  return z.NEVER;
});

const inputSchema = z.object({ data: z.array(z.string()), dims: z.array(z.int().nonnegative()) });

const fileSchema = z.object({
  file: z.string(),
  kind: z.string(),
  what: z.string(),
  expect: expectationSchema,
  /** Inputs that bring out what is hostile in the model, by name. */
  run: z.record(z.string(), inputSchema).optional(),
  observed_ort_web_1_30: z.object({ outcome: z.string() }),
});

/** One model of the folder; `file` is its path below the folder. */
export type HostileFile = z.infer<typeof fileSchema>;

/** Whether plain ONNX Runtime had to be killed with this model: a server without a limit never comes back from it. */
export function isEndless(file: HostileFile): boolean {
  return file.observed_ort_web_1_30.outcome.startsWith("killed");
}

/**
 * Read DIR/manifest.json.
 *
 * @throws where it can't be read, or says something that is not understood here
 */
export function readManifest(directory: string): HostileFile[] {
  const parsed = z
    .object({ files: z.array(fileSchema).min(1) })
    .safeParse(JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")));
  if (parsed.success) return parsed.data.files;
  throw new Error(`${directory}/manifest.json: ${z.prettifyError(parsed.error).replaceAll(/\s+/g, " ")}`);
}
