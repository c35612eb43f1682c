import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { cellGrowthBenchmark, groupCommitBenchmark, httpAdmissionBenchmark } from "./admission.bench.ts";
import { batchingBenchmark } from "./batching.bench.ts";
import { type Benchmark, type Finding, comparing } from "./benchmark.ts";
import { codecBenchmark } from "./codec.bench.ts";
import { coldStartBenchmark } from "./cold-start.bench.ts";
import { costBenchmark } from "./cost.bench.ts";
import { helloBenchmark, nodeBenchmark } from "./inference.bench.ts";
import { memoryBenchmark } from "./memory.bench.ts";
import { credentialsBenchmark } from "./credentials.bench.ts";
import { type BenchOptions, HELP, readOptions } from "./options.ts";
import { progress } from "./progress.ts";
import { containerBenchmark, webBenchmark } from "./plain-server.bench.ts";
import { scaleOutBenchmark } from "./scale-out.bench.ts";
import { openWorkshop } from "./workshop.ts";

const BENCHMARKS: Readonly<Record<string, { readonly about: string; readonly benchmark: Benchmark }>> = {
  hello: { about: "an inference against a Worker that does nothing", benchmark: comparing(helloBenchmark) },
  node: { about: "an inference in JSON against the same runtime in Node", benchmark: comparing(nodeBenchmark) },
  web: { about: "an inference in binary against the same runtime in Node", benchmark: comparing(webBenchmark) },
  container: {
    about: "an inference through the container backend against ONNX Runtime in Node",
    benchmark: comparing(containerBenchmark),
  },
  batching: { about: "the most that joining requests could gain", benchmark: comparing(batchingBenchmark) },
  codec: { about: "JSON against binary, and into an isolate against in place", benchmark: comparing(codecBenchmark) },
  "cold-start": { about: "a version's first answer against a plain Worker Loader", benchmark: coldStartBenchmark },
  memory: { about: "the WASM heap of models of several sizes", benchmark: memoryBenchmark },
  "group-commit": { about: "admissions, joined and one by one", benchmark: comparing(groupCommitBenchmark) },
  "cell-growth": {
    about: "a cell with a past against a new one, and 100 tenants against one",
    benchmark: comparing(cellGrowthBenchmark),
  },
  "http-admission": {
    about: "a route that admits against one that does nothing",
    benchmark: comparing(httpAdmissionBenchmark),
  },
  credentials: {
    about: "reading a key and a token against a bare route, and starting with identity against without",
    benchmark: credentialsBenchmark,
  },
  "scale-out": { about: "cells in several regions with a prepaid budget, simulated", benchmark: scaleOutBenchmark },
  cost: { about: "what tenants cost on Cloudflare's price list, computed", benchmark: costBenchmark },
};

const MACHINE = { processor: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), node: process.version };

async function main(): Promise<void> {
  const options = readCommandLine();
  if (options.help) {
    const list = Object.entries(BENCHMARKS).map(([name, { about }]) => `  ${name.padEnd(15)}${about}`);
    console.log(`${HELP}\n\nBenchmarks:\n${list.join("\n")}`);
    return;
  }
  const startedAt = new Date().toISOString();
  console.log(`${MACHINE.processor}, ${MACHINE.cores} cores, Node ${MACHINE.node}`);
  const results: object[] = [];
  for (const [name, { benchmark }] of Object.entries(BENCHMARKS)) {
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
