/** The clients of a run: they send calls and repeats, and retry with the call's key until they have a final answer. */
import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

import { CallRecord } from "./call-record.ts";
import { type Answer, exchange } from "./exchange.ts";
import type { PlannedCall } from "./plan.ts";
import { type Random, randomStream } from "./random.ts";
import { Slots } from "./slots.ts";
import { Tally } from "./tally.ts";
import { INFER_PATH, NONSENSE, type Tenant } from "./tenants.ts";

export interface ClientsOptions {
  readonly baseUrl: string;
  readonly tenants: readonly Tenant[];
  /** Bodies by the index of the question. */
  readonly questions: readonly string[];
  readonly concurrency: number;
  readonly seed: number;
}

/** No answer within this time counts as none. */
const PATIENCE_MS = 30_000;
/** A call that has no final answer within this time is given up, and told. */
const GIVE_UP_MS = 300_000;
/** The longest pauses before a retry: of who was told that the first request has not ended, and of all others. */
const MAX_PAUSE_MS = { held: 8_000, again: 1_000 };
/** Calls under way at most for each request in flight: while the server is down they would all begin and wait. */
const CALLS_PER_SLOT = 4;

export class Clients {
  readonly records: CallRecord[] = [];
  readonly tally = new Tally();
  readonly #options: ClientsOptions;
  readonly #slots: Slots;
  readonly #random: Random;
  /** Calls under way. */
  #open = 0;
  /** Those of them that were told last that their first request has not ended. */
  readonly #held = new Set<CallRecord>();
  #waking = newWaking();

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
    this.#random = randomStream(options.seed, "clients");
  }

  /** Whether nothing is under way but calls that have to wait for the end of a lease. */
  get onlyHeld(): boolean {
    return this.#open > 0 && this.#open === this.#held.size;
  }

  /** Make all calls, in their order; resolves when each has its final answer. */
  async make(calls: readonly PlannedCall[]): Promise<void> {
    const most = this.#options.concurrency * CALLS_PER_SLOT;
    const made: Promise<void>[] = [];
    for (const call of calls) {
      while (this.#open - this.#held.size >= most) await pause(1);
      const record = new CallRecord(call, String(this.#options.seed));
      this.records.push(record);
      this.#open += 1;
      made.push(this.#make(record));
    }
    await Promise.all(made);
  }

  /** Have everybody who waits before a retry try at once. */
  wake(): void {
    this.#waking.abort();
    this.#waking = newWaking();
  }

  async #make(record: CallRecord): Promise<void> {
    const { repeat } = record.plan;
    switch (repeat?.kind) {
      case undefined:
        await this.#send(record);
        break;
      case "in-flight":
        await Promise.all([this.#send(record), this.#sendLater(record, repeat.afterMs)]);
        break;
      case "answered":
        await this.#send(record);
        await this.#sendLater(record, repeat.afterMs);
        break;
      case "lost":
        record.learn(await this.#attempt(record, repeat.hangUpAfterMs));
        await this.#send(record);
    }
    this.#open -= 1;
    this.#held.delete(record);
    this.tally.ended += 1;
  }

  async #sendLater(record: CallRecord, afterMs: number): Promise<void> {
    await this.#pause(afterMs);
    await this.#send(record);
  }

  /** Send until there is a final answer. */
  async #send(record: CallRecord): Promise<void> {
    const untilMs = performance.now() + GIVE_UP_MS;
    for (let retries = 0; performance.now() < untilMs; retries += 1) {
      if (retries > 0) this.tally.retries += 1;
      const answer = await this.#attempt(record);
      const meaning = record.learn(answer);
      if (meaning === "held") this.#held.add(record);
      else this.#held.delete(record);
      if (meaning === "final") return;
      const grownMs = Math.min(MAX_PAUSE_MS[meaning], 100 * 2 ** retries);
      await this.#pause(Math.max(saidMs(answer), grownMs) * (1 + this.#random() / 2)); // never the same for all
    }
    record.isAbandoned = true;
  }

  async #attempt(record: CallRecord, hangUpAfterMs?: number): Promise<Answer> {
    const { baseUrl, tenants, questions } = this.#options;
    const { tenant, question } = record.plan;
    await this.#slots.take();
    try {
      const answer = await exchange({
        url: `${baseUrl}${INFER_PATH}`,
        headers: {
          Authorization: `Bearer ${tenants[tenant]?.apiKey ?? ""}`,
          "Content-Type": "application/json",
          "Idempotency-Key": `"${record.key}"`,
        },
        body: (question === "nonsense" ? NONSENSE : questions[question]) ?? "",
        hangUpAfterMs: hangUpAfterMs ?? PATIENCE_MS,
      });
      this.tally.count(answer, hangUpAfterMs !== undefined);
      return answer;
    } finally {
      this.#slots.giveBack();
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#waking.signal }).catch(() => undefined);
  }
}

function newWaking(): AbortController {
  const waking = new AbortController();
  setMaxListeners(0, waking.signal);
  return waking;
}

/** How long the server asks to wait at least; 0 where it says nothing. */
function saidMs(answer: Answer): number {
  return answer.kind === "answered" ? Number(answer.headers["retry-after"] ?? 0) * 1000 : 0;
}
