/** What is done to the server while it works. */
import { setTimeout as pause } from "node:timers/promises";

import type { Clients } from "./clients.ts";
import { callControl } from "./control-client.ts";
import { type FaultCounts, type FaultRates, faultCountsSchema } from "./faults.ts";
import type { Blow } from "./plan.ts";
import type { Server } from "./server.ts";
import type { Tenant } from "./tenants.ts";

/** A dropped admission holds all calls of its trip until their leases end, a minute later: few are enough. */
const RATES: Omit<FaultRates, "seed"> = { droppedPerMille: 4, delayedPerMille: 20, latePerMille: 1 };
/** How long a kill waits for something to be under way again after the one before. */
const LOAD_WITHIN_MS = 3_000;

export class Blows {
  kills = 0;
  evictions = 0;
  /** What the processes told before they were killed: the last milliseconds of each are missing. */
  faults: FaultCounts = { dropped: 0, delayed: 0 };
  readonly #server: Server;
  readonly #clients: Clients;
  readonly #tenants: readonly Tenant[];
  readonly #seed: number;
  #answeredAtStart = 0;

  constructor(server: Server, clients: Clients, tenants: readonly Tenant[], seed: number) {
    this.#server = server;
    this.#clients = clients;
    this.#tenants = tenants;
    this.#seed = seed;
  }

  /** Strike when so many calls have begun, one blow after the other. */
  async strike(blows: readonly Blow[]): Promise<void> {
    await this.beginFaults();
    for (const { atCall, what } of blows) {
      while (this.#clients.records.length < atCall) await pause(2);
      if (what.kind === "kill") await this.#kill(what.afterMs);
      else await this.#evict(this.#tenants[what.tenant]?.id ?? "");
    }
  }

  /** Let the answers of cells get lost and come late from now on, until the process ends. */
  async beginFaults(): Promise<void> {
    await callControl(this.#server, "PUT", "faults", { ...RATES, seed: this.#seed + this.kills });
  }

  /** Take note of what became of answers since the process began. */
  async collectFaults(): Promise<void> {
    const { dropped, delayed } = faultCountsSchema.parse(await callControl(this.#server, "GET", "faults"));
    this.faults = { dropped: this.faults.dropped + dropped, delayed: this.faults.delayed + delayed };
  }

  async #kill(afterMs: number): Promise<void> {
    const startedAtMs = performance.now();
    const { tally } = this.#clients;
    const isLoaded = (): boolean => tally.answered > this.#answeredAtStart + this.#tenants.length * 10;
    while (!isLoaded() && performance.now() - startedAtMs < LOAD_WITHIN_MS) await pause(2);
    await this.collectFaults();
    await pause(afterMs);
    await this.#server.kill();
    this.kills += 1;
    this.#answeredAtStart = tally.answered;
    await this.beginFaults();
  }

  async #evict(tenantId: string): Promise<void> {
    await callControl(this.#server, "POST", "evictions", { tenant_id: tenantId });
    this.evictions += 1;
  }
}
