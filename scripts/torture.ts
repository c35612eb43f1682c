/** `npm run torture`: inferences through crashes, and what the books say of them afterwards. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { runCommand } from "./shared/command.ts";
import { type TortureOptions, readArguments, usage } from "./torture/options.ts";
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

async function torture(options: TortureOptions): Promise<number> {
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

await runCommand({ name: "torture", usage }, readArguments(process.argv.slice(2)), torture);
