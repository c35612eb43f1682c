/** `npm run conformance -- DIR`: ONNX models with known answers, through the API of a running server. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { faultMessage } from "./conformance/fault.ts";
import { runFolder, type VectorResult } from "./conformance/folder-run.ts";
import { type CaseFolder, findFolders, selectFolders } from "./conformance/folders.ts";
import { type ConformanceArguments, type ConformanceOptions, readArguments, usage } from "./conformance/options.ts";
import { Progress } from "./conformance/progress.ts";
import { type ConformanceReport, describeReport, describeSelection } from "./conformance/report.ts";
import { findUnreachable, resolveTarget } from "./conformance/target.ts";

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
  const { baseUrl, apiKey, interrupt, concurrency = 2, binary = false } = options;
  const runId = randomBytes(4).toString("hex");
  const results: (readonly VectorResult[])[] = [];
  const queue = folders.entries();
  const work = async (): Promise<void> => {
    for (const [index, folder] of queue) {
      if (interrupt?.aborted === true) return;
      const modelName = `conf-${runId}-${index}`;
      const finished = await runFolder({ target: { baseUrl, apiKey }, folder, modelName, interrupt, binary });
      for (const { reason } of finished) progress.record(reason !== undefined);
      results[index] = finished;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results.flat();
}

function chooseFolders(options: ConformanceOptions): ReturnType<typeof selectFolders> | string {
  try {
    const found = findFolders(options.directory);
    if (found.length === 0) return `No folder with model.onnx and case.json in ${options.directory}.`;
    const chosen = selectFolders(found, options);
    if (chosen.selected.length > 0) return chosen;
    return ["Nothing is left to run.", ...describeSelection(0, 0, chosen.leftOut)].join("\n");
  } catch (error) {
    return `Cannot read ${options.directory}: ${faultMessage(error)}`;
  }
}

/**
 * Run the cases of a directory against a server and report what passed and what failed, counted in vectors.
 *
 * Every model that is created is deleted again, also on failure and on interrupt. Network errors are failures.
 *
 * @param log  receives each line of the progress and of the report; the last is `N passed, N failed`
 */
export async function runConformance(
  options: ConformanceOptions,
  log: (line: string) => void,
): Promise<ConformanceOutcome> {
  const { baseUrl, apiKey, directory, interrupt, rewrite } = options;
  const chosen = chooseFolders(options);
  if (typeof chosen === "string") return { kind: "not_started", reason: chosen };
  const unreachable = await findUnreachable({ baseUrl, apiKey });
  if (unreachable !== undefined) return { kind: "not_started", reason: unreachable };

  const { selected, leftOut } = chosen;
  const vectors = selected.reduce((sum, { caseFiles }) => sum + caseFiles.length, 0);
  for (const line of describeSelection(selected.length, vectors, leftOut)) log(line);
  const startedAtMs = performance.now();
  const progress = new Progress(vectors, { log, rewrite, now: () => performance.now() });
  const results = await runFolders(selected, options, progress);
  progress.end();

  const failed = results.filter(({ reason }) => reason !== undefined).length;
  const counts = { folders: selected.length, vectors, leftOut, passed: results.length - failed, failed };
  const times = { interrupted: interrupt?.aborted === true, elapsedMs: Math.round(performance.now() - startedAtMs) };
  const report: ConformanceReport = { baseUrl, directory, ...counts, ...times, results };
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

async function runCommand(args: ConformanceArguments): Promise<number> {
  const resolution = resolveTarget(args, process.env, join(import.meta.dirname, "../.dev/quickstart.json"));
  if (resolution.kind === "missing") {
    console.error(resolution.reason);
    return 2;
  }
  const options = { ...args, ...resolution.target, interrupt: interruptOnControlC(), rewrite: terminalRewriter() };
  const outcome = await runConformance(options, console.log);
  if (outcome.kind === "not_started") {
    console.error(outcome.reason);
    return 2;
  }
  if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(outcome.report, null, 2)}\n`);
  if (outcome.report.interrupted) return 130;
  return outcome.report.failed > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  if (command.kind === "run") return await runCommand(command.arguments);
  if (command.kind === "help") console.log(usage);
  else console.error(`${command.reason}. Options: npm run conformance -- --help`);
  return command.kind === "help" ? 0 : 2;
}

if (import.meta.main) process.exitCode = await main();
