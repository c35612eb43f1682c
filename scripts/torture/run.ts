/** A run from an empty directory to its report. */
import { setTimeout as pause } from "node:timers/promises";

import { type Account, type Check, look } from "./account.ts";
import { Blows } from "./blows.ts";
import { readBooks } from "./books.ts";
import { checkAccounts } from "./checks.ts";
import { Clients } from "./clients.ts";
import { callControl } from "./control-client.ts";
import type { TortureOptions } from "./options.ts";
import { type Plan, drawPlan } from "./plan.ts";
import { type TortureReport, figuresOf } from "./report.ts";
import { type Server, startServer } from "./server.ts";
import { type Tenant, castRoles, makeTenant, readQuestions } from "./tenants.ts";

/** Longer than any lease: an inference that nobody settled counts as running for less. */
const BEYOND_LEASES_MS = 120_000;
/** How long nothing may go on but waiting for leases, before the clock jumps. */
const STANDSTILL_MS = 1_000;
const PROGRESS_EVERY_MS = 5_000;

/** Says how far the run is. */
type Say = (text: string) => void;

/** Make the calls of a plan and its blows on a server of its own, and compare the books with what the clients learned. */
export async function runTorture(options: TortureOptions, directory: string, say: Say): Promise<TortureReport> {
  say("bundling and starting the Worker");
  const server = await startServer(directory);
  try {
    return await runOn(server, options, say);
  } finally {
    await server.close();
  }
}

async function runOn(server: Server, options: TortureOptions, say: Say): Promise<TortureReport> {
  const { requests, kills, seed, concurrency } = options;
  const startedAtMs = Date.now();
  const roles = castRoles(options.tenants, requests);
  const tenants: Tenant[] = [];
  for (const role of roles) tenants.push(await makeTenant(server, role));
  const questions = await readQuestions();
  const weights = roles.map(({ weight }) => weight);
  const plan = drawPlan({ requests, kills, seed, weights, questions: questions.length });
  const clients = new Clients({ baseUrl: server.baseUrl, tenants, questions, concurrency, seed });
  const blows = new Blows(server, clients, tenants, seed);
  say(`${tenants.length} tenants, ${plan.calls.length} calls, ${requests} requests, ${concurrency} in flight`);

  const begunAtMs = performance.now();
  const ticking = setInterval(() => say(describeProgress(clients, blows, plan)), PROGRESS_EVERY_MS);
  await torture(server, clients, blows, plan).finally(() => clearInterval(ticking));
  const seconds = (performance.now() - begunAtMs) / 1000;

  say("reading the books");
  const accounts = await readAccounts(server, tenants, clients, startedAtMs);
  const ledger = accounts.flatMap(({ books }) => books.ledger);
  const { records, tally } = clients;
  const figures = figuresOf({ records, tally, blows, ledger, seconds });
  return { figures, checks: [...checkAccounts(accounts), checkRestarts(server, blows)] };
}

function describeProgress({ tally, records }: Clients, { kills, evictions }: Blows, { calls }: Plan): string {
  const open = records.length - tally.ended;
  return `${tally.ended}/${calls.length} calls, ${open} open, ${tally.sent} requests sent, ${kills} kills, ${evictions} evictions`;
}

/** Make all calls while the blows fall; resolves when each call has its final answer. */
async function torture(server: Server, clients: Clients, blows: Blows, plan: Plan): Promise<void> {
  let isOver = false;
  const made = clients.make(plan.calls).finally(() => (isOver = true));
  await Promise.all([made, blows.strike(plan.blows).then(async () => await endLeases(server, clients, () => isOver))]);
  await blows.collectFaults();
  await jump(server);
}

/** Let the clock jump whenever all that is left waits for leases of inferences that died, until nothing is left. */
async function endLeases(server: Server, clients: Clients, isOver: () => boolean): Promise<void> {
  for (let stillMs = 0; !isOver(); stillMs = clients.onlyHeld ? stillMs + 100 : 0) {
    await pause(100);
    if (stillMs < STANDSTILL_MS) continue;
    stillMs = 0;
    await jump(server);
    clients.wake();
  }
}

/** Let the clock jump beyond all leases; what is done next finds them over. */
async function jump(server: Server): Promise<void> {
  await callControl(server, "POST", "clock", { step_ms: BEYOND_LEASES_MS });
}

async function readAccounts(
  server: Server,
  tenants: readonly Tenant[],
  { records }: Clients,
  fromMs: number,
): Promise<Account[]> {
  const recordsOf = Map.groupBy(records, ({ plan }) => plan.tenant);
  const accounts: Account[] = [];
  for (const [index, tenant] of tenants.entries()) {
    const books = await readBooks(server, tenant, fromMs);
    accounts.push({ tenant, records: recordsOf.get(index) ?? [], books });
  }
  return accounts;
}

function checkRestarts({ restarts }: Server, { kills }: Blows): Check {
  return look("workerd ended by no hand but ours", [restarts], () => {
    return restarts === kills ? undefined : `workerd was killed ${kills} times and started again ${restarts} times`;
  });
}
