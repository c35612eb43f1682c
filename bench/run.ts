import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { groupCommitBenchmark, httpAdmissionBenchmark } from "./admission.bench.ts";
import { helloBenchmark, nodeBenchmark } from "./inference.bench.ts";
import { type Comparison, type Standing, compare } from "./measure.ts";
import { type BenchOptions, HELP, readOptions } from "./options.ts";
import { tableOf } from "./report.ts";
import { type Workshop, openWorkshop } from "./workshop.ts";

const BENCHMARKS: Readonly<Record<string, (workshop: Workshop) => Promise<Comparison[]>>> = {
  hello: helloBenchmark,
  node: nodeBenchmark,
  "group-commit": groupCommitBenchmark,
  "http-admission": httpAdmissionBenchmark,
};

const MACHINE = { processor: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), node: process.version };

interface Result {
  readonly benchmark: string;
  readonly title: string;
  readonly unit: string;
  readonly standings: readonly Standing[];
}

async function main(): Promise<void> {
  const options = readCommandLine();
  if (options.help) {
    console.log(`${HELP}\n\nBenchmarks: ${Object.keys(BENCHMARKS).join(", ")}.`);
    return;
  }
  const startedAt = new Date().toISOString();
  console.log(`${MACHINE.processor}, ${MACHINE.cores} cores, Node ${MACHINE.node}`);
  const results: Result[] = [];
  for (const [name, prepare] of Object.entries(BENCHMARKS)) {
    if (options.only.length > 0 && !options.only.includes(name)) continue;
    results.push(...(await runBenchmark(name, prepare, options)));
  }
  const file = join(import.meta.dirname, "results", `${startedAt.replaceAll(/[:.]/g, "-")}.json`);
  await mkdir(join(import.meta.dirname, "results"), { recursive: true });
  await writeFile(file, JSON.stringify({ startedAt, machine: MACHINE, options, results }, undefined, 2));
  console.log(`\nWritten to ${file}`);
}

function readCommandLine(): BenchOptions {
  try {
    return readOptions(process.argv.slice(2), Object.keys(BENCHMARKS));
  } catch (error) {
    console.error(`✗ ${error instanceof Error ? error.message : String(error)}\n  --help lists the options.`);
    process.exit(2);
  }
}

async function runBenchmark(
  benchmark: string,
  prepare: (workshop: Workshop) => Promise<Comparison[]>,
  options: BenchOptions,
): Promise<Result[]> {
  const workshop = await openWorkshop();
  try {
    const results: Result[] = [];
    for (const comparison of await prepare(workshop)) {
      const standings = await compare(comparison, { rounds: options.rounds, ms: options.seconds * 1000 });
      console.log(`\n${tableOf(comparison, standings)}`);
      results.push({ benchmark, title: comparison.title, unit: comparison.unit, standings });
    }
    return results;
  } finally {
    await workshop.close();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  console.error(`\n✗ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
}
