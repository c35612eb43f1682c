/** `npm run hostile -- DIR`: hostile ONNX models through the API of a running server, beside another tenant's calls. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { send } from "./conformance/client.ts";
import { findUnreachable } from "./conformance/target.ts";
import { attack } from "./hostile/attack.ts";
import { countedLoop, writeCountedLoop } from "./hostile/counted-loop.ts";
import { findListedModels, findStoredModels } from "./hostile/leftovers.ts";
import { type HostileFile, isEndless, readManifest } from "./hostile/manifest.ts";
import { Neighbour } from "./hostile/neighbour.ts";
import { type HostileOptions, readArguments, usage } from "./hostile/options.ts";
import { type FileResult, type HostileReport, describeResults, listFaults } from "./hostile/report.ts";
import { runCommand } from "./shared/command.ts";
import type { Quickstart } from "./start/quickstart.ts";
import { type Tenant, deployIris, makeTenant, readQuickstart } from "./hostile/tenants.ts";
import { describeStep, findFaults } from "./hostile/verdict.ts";

/** How long the other tenant calls alone, for figures to compare with. */
const ALONE_MS = 3_000;
function chooseFiles({ directory, filter = "", includeEndless }: HostileOptions): HostileFile[] {
  const files = [...readManifest(directory), countedLoop].filter(({ file }) => file.includes(filter));
  return includeEndless ? files : files.filter((file) => !isEndless(file));
}

async function readModel(directory: string, { file }: HostileFile): Promise<Uint8Array<ArrayBuffer>> {
  return file === countedLoop.file ? writeCountedLoop() : new Uint8Array(await readFile(join(directory, file)));
}

/** An attack and the time that it took, by the clock of the other tenant's calls. */
type Attacked = Omit<FileResult, "calls"> & { readonly fromMs: number; readonly toMs: number };

/** Attack with each file in turn; ends early where the server no longer answers. */
async function attackWithAll(attacker: Tenant, files: readonly HostileFile[], directory: string): Promise<Attacked[]> {
  const runId = randomBytes(4).toString("hex");
  const attacked: Attacked[] = [];
  for (const [index, file] of files.entries()) {
    const fromMs = performance.now();
    const modelName = `hostile-${runId}-${index}`;
    const steps = await attack(attacker.target, file, await readModel(directory, file), modelName);
    const faults = findFaults(steps, file, modelName);
    attacked.push({ file, steps, faults, fromMs, toMs: performance.now() });
    const ends = steps.map((step) => `${step.name} ${describeStep(step)}`).join(", ");
    console.log(`${faults.length === 0 ? "✓" : "✗"} ${file.file}: ${ends}`);
    const isUnanswered = steps.some(({ answer }) => answer.kind === "failed");
    if (isUnanswered && (await findUnreachable(attacker.target)) !== undefined) break;
  }
  return attacked;
}

/** A tenant who calls his own model from now on. */
async function makeNeighbour(quickstart: Quickstart): Promise<{ tenant: Tenant; neighbour: Neighbour }> {
  const tenant = await makeTenant(quickstart, "Neighbour of hostile models");
  await deployIris(tenant.target, "iris");
  const neighbour = new Neighbour(tenant.target, "iris");
  await neighbour.warmUp();
  neighbour.start();
  return { tenant, neighbour };
}

async function runHostile(options: HostileOptions): Promise<HostileReport> {
  const { directory, state } = options;
  const files = chooseFiles(options);
  if (files.length === 0) throw new Error(`No file of ${directory} is left to run.`);
  const quickstart = await readQuickstart(state ?? ".dev");
  const attacker = await makeTenant(quickstart, "Hostile models");
  const { tenant, neighbour } = await makeNeighbour(quickstart);
  await pause(ALONE_MS);
  const attackedAtMs = performance.now();
  const attacked = await attackWithAll(attacker, files, directory);
  await neighbour.stop();
  await send(tenant.target, { method: "DELETE", path: "/v1/models/iris" });
  const results = attacked.map((one) => ({ ...one, calls: neighbour.callsBetween(one.fromMs, one.toMs) }));
  const stored = state === undefined ? [] : findStoredModels(state, [attacker.id, tenant.id]);
  return {
    results,
    notRun: files.slice(results.length),
    alone: neighbour.callsBetween(0, attackedAtMs),
    leftovers: [...(await findListedModels(attacker.target)), ...stored],
  };
}

async function hostile(options: HostileOptions): Promise<number> {
  const report = await runHostile(options);
  const table = describeResults(report);
  if (options.report !== undefined) writeFileSync(options.report, `${table.join("\n")}\n`);
  for (const line of table) console.log(line);
  const faults = listFaults(report);
  for (const fault of faults) console.log(`✗ ${fault}`);
  console.log(`${report.results.length} models, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

await runCommand({ name: "hostile", usage }, readArguments(process.argv.slice(2)), hostile);
