import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { groupCommitBenchmark, httpAdmissionBenchmark } from "./admission.bench.ts";
import { type Benchmark, type Finding, comparing } from "./benchmark.ts";
import { codecBenchmark } from "./codec.bench.ts";
import { coldStartBenchmark } from "./cold-start.bench.ts";
import { helloBenchmark, nodeBenchmark } from "./inference.bench.ts";
import { memoryBenchmark } from "./memory.bench.ts";
import { type BenchOptions, HELP, readOptions } from "./options.ts";
import { progress } from "./progress.ts";
import { webBenchmark } from "./plain-server.bench.ts";
import { openWorkshop } from "./workshop.ts";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  hello: comparing(helloBenchmark),
  node: comparing(nodeBenchmark),
  web: comparing(webBenchmark),
  codec: comparing(codecBenchmark),
  "cold-start": coldStartBenchmark,
  memory: memoryBenchmark,
  "group-commit": comparing(groupCommitBenchmark),
  "http-admission": comparing(httpAdmissionBenchmark),
};

const MACHINE = { processor: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), node: process.version };

async function main(): Promise<void> {
  const options = readCommandLine();
  if (options.help) {
    console.log(`${HELP}\n\nBenchmarks: ${Object.keys(BENCHMARKS).join(", ")}.`);
    return;
  }
  const startedAt = new Date().toISOString();
  console.log(`${MACHINE.processor}, ${MACHINE.cores} cores, Node ${MACHINE.node}`);
  const results: object[] = [];
  for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
    if (options.only.length > 0 && !options.only.includes(name)) continue;
    progress(`${name}: getting ready`);
    const findings = await run(benchmark, options);
    results.push(...findings.map(({ title, figures }) => ({ benchmark: name, title, ...figures })));
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

async function run(benchmark: Benchmark, options: BenchOptions): Promise<Finding[]> {
  const workshop = await openWorkshop();
  try {
    const findings: Finding[] = [];
    for await (const finding of benchmark({ workshop, options })) {
      console.log(`\n${finding.title}\n\n${finding.table}\n`);
      findings.push(finding);
    }
    return findings;
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
