/** `npm run conformance -- DIR`: ONNX models with known answers, through the API of a running server. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { excuse, findOutdated, readExceptions } from "./conformance/exceptions.ts";
import { faultMessage } from "./conformance/fault.ts";
import { runFolder, type VectorResult } from "./conformance/folder-run.ts";
import { type CaseFolder, findFolders, selectFolders } from "./conformance/folders.ts";
import { writeMarkdown } from "./conformance/markdown.ts";
import { type ConformanceArguments, type ConformanceOptions, readArguments, usage } from "./conformance/options.ts";
import { Progress } from "./conformance/progress.ts";
import {
  type ConformanceReport,
  countResults,
  describeReport,
  describeSelection,
  exitCodeOf,
} from "./conformance/report.ts";
import { findUnreachable, resolveTarget } from "./conformance/target.ts";
import { readVersions } from "./conformance/versions.ts";

/** A run that cannot start says why; one that starts always ends with a report. */
export type ConformanceOutcome =
  | { readonly kind: "ran"; readonly report: ConformanceReport }
  | { readonly kind: "not_started"; readonly reason: string };

/** Run folders, `concurrency` at a time; the results keep the order of the folders. */
async function runFolders(
  folders: readonly CaseFolder[],
  options: ConformanceOptions,
  progress: Progress,
): Promise<VectorResult[]> {
  const { baseUrl, apiKey, interrupt, concurrency = 2, exceptions = [], forms = ["json"], runtime } = options;
  const runId = randomBytes(4).toString("hex");
  const results: (readonly VectorResult[])[] = [];
  const queue = folders.entries();
  const work = async (): Promise<void> => {
    for (const [index, folder] of queue) {
      if (interrupt?.aborted === true) return;
      const modelName = `conf-${runId}-${index}`;
      const run = { target: { baseUrl, apiKey }, folder, modelName, interrupt, forms, runtime };
      const finished = excuse(await runFolder(run), exceptions);
      for (const result of finished) progress.record(result.reason !== undefined && result.excuse === undefined);
      results[index] = finished;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results.flat();
}

function notStarted(reason: string): ConformanceOutcome {
  return { kind: "not_started", reason };
}

function chooseFolders(options: ConformanceOptions): ReturnType<typeof selectFolders> | string {
  const directories = options.directories.join(", ");
  try {
    const found = options.directories.flatMap(findFolders);
    if (found.length === 0) return `No folder with model.onnx and case.json in ${directories}.`;
    const chosen = selectFolders(found, options);
    if (chosen.selected.length > 0) return chosen;
    return ["Nothing is left to run.", ...describeSelection(0, 0, chosen.leftOut)].join("\n");
  } catch (error) {
    return `Cannot read ${directories}: ${faultMessage(error)}`;
  }
}

/**
 * Run the cases of directories against a server and report what passed and what failed, counted in vectors.
 *
 * Every model that is created is deleted again, also on failure and on interrupt. Network errors are failures.
 *
 * @param log  receives each line of the progress and of the report; the last is `N passed, N failed`
 */
export async function runConformance(
  options: ConformanceOptions,
  log: (line: string) => void,
): Promise<ConformanceOutcome> {
  const { baseUrl, apiKey, directories, forms = ["json"], interrupt, rewrite, exceptions = [] } = options;
  const chosen = chooseFolders(options);
  if (typeof chosen === "string") return notStarted(chosen);
  const unreachable = await findUnreachable({ baseUrl, apiKey });
  if (unreachable !== undefined) return notStarted(unreachable);

  const { selected, leftOut } = chosen;
  const vectors = selected.reduce((sum, { caseFiles }) => sum + caseFiles.length, 0) * forms.length;
  for (const line of describeSelection(selected.length, vectors, leftOut)) log(line);
  const startedAt = new Date().toISOString();
  const startedAtMs = performance.now();
  const progress = new Progress(vectors, { log, rewrite, now: () => performance.now() });
  const results = await runFolders(selected, options, progress);
  progress.end();

  const counts = { folders: selected.length, vectors, leftOut, ...countResults(results) };
  const elapsedMs = Math.round(performance.now() - startedAtMs);
  const times = { startedAt, interrupted: interrupt?.aborted === true, elapsedMs };
  const outdated = findOutdated(results, exceptions);
  const report: ConformanceReport = { baseUrl, directories, ...counts, ...times, outdated, results };
  for (const line of describeReport(report)) log(line);
  return { kind: "ran", report };
}

function terminalRewriter(): ((text: string) => void) | undefined {
  return process.stdout.isTTY ? (text) => void process.stdout.write(`\r${text}\u001B[K`) : undefined;
}

/** The first Ctrl-C ends the run with its report; another one, a second later or more, ends the process at once. */
function interruptOnControlC(): AbortSignal {
  const interruption = new AbortController();
  let firstAtMs = Infinity;
  process.on("SIGINT", () => {
    interruption.abort();
    firstAtMs = Math.min(firstAtMs, performance.now());
    // Under `npm run` one Ctrl-C arrives twice: from the terminal, and passed on by npm.
    if (performance.now() - firstAtMs > 1000) process.exit(130);
  });
  return interruption.signal;
}

/** What of the command line must be looked up before a run can start, or why it can't. */
function prepare(args: ConformanceArguments): ConformanceOptions | string {
  const resolution = resolveTarget(args, process.env, join(import.meta.dirname, "../.dev/quickstart.json"));
  if (resolution.kind === "missing") return resolution.reason;
  const listed = args.exceptionsFile === undefined ? undefined : readExceptions(args.exceptionsFile);
  if (listed?.kind === "unreadable") return listed.reason;
  const surroundings = { interrupt: interruptOnControlC(), rewrite: terminalRewriter() };
  return { ...args, ...resolution.target, ...surroundings, exceptions: listed?.exceptions };
}

async function runCommand(args: ConformanceArguments): Promise<number> {
  const options = prepare(args);
  const outcome = typeof options === "string" ? notStarted(options) : await runConformance(options, console.log);
  if (outcome.kind === "not_started") {
    console.error(outcome.reason);
    return 2;
  }
  const { report } = outcome;
  if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(report, null, 2)}\n`);
  if (args.report !== undefined) writeFileSync(args.report, writeMarkdown([report], readVersions()));
  return exitCodeOf(report);
}

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  if (command.kind === "run") return await runCommand(command.arguments);
  if (command.kind === "help") console.log(usage);
  else console.error(`${command.reason}. Options: npm run conformance -- --help`);
  return command.kind === "help" ? 0 : 2;
}

if (import.meta.main) process.exitCode = await main();
