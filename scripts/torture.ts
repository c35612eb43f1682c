/** `npm run torture`: inferences through crashes, and what the books say of them afterwards. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { faultMessage } from "./conformance/fault.ts";
import { readArguments, usage } from "./torture/options.ts";
import { countDifferences, describeReport } from "./torture/report.ts";
import { runTorture } from "./torture/run.ts";

/** The directory for a run's files, which stays only where it was asked for. */
async function openDirectory(state: string | undefined): Promise<{ directory: string; close: () => void }> {
  if (state !== undefined) {
    const directory = resolve(state);
    mkdirSync(directory, { recursive: true });
    if (readdirSync(directory).length > 0) throw new Error(`--state: ${directory} is not empty`);
    return { directory, close: () => undefined };
  }
  const directory = await mkdtemp(join(tmpdir(), "tensorgate-torture-"));
  const close = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", close);
  return { directory, close };
}

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  if (command.kind === "help") {
    console.log(usage);
    return 0;
  }
  if (command.kind === "invalid") {
    console.error(`${command.reason}. Options: npm run torture -- --help`);
    return 2;
  }
  const { options } = command;
  const { directory, close } = await openDirectory(options.state);
  try {
    const report = await runTorture(options, directory, (text) => console.error(`  … ${text}`));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    for (const line of describeReport(report)) console.log(line);
    return countDifferences(report) === 0 ? 0 : 1;
  } finally {
    close();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`The run could not be done: ${faultMessage(error)}`);
  process.exitCode = 2;
}
