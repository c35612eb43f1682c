import { type Demand, weigh } from "../../src/admission/limits.rules.ts";
import { type Hold, type Meter, settleHold } from "../../src/admission/meters.rules.ts";
import type { Limits, Unit } from "../../src/admission/policies.rules.ts";
import { newId } from "../../src/shared/ids.ts";

export const HOUR_MS = 3_600_000;
const START_MS = 1_000 * HOUR_MS;

const PRICE_MICRO_USD = 3;
const COMPUTE_MICRO_USD_PER_SECOND = 1_500;
const RUN_LIMIT_MS = 1_000;

const keyIds = [newId("key", 0), newId("key", 1)];
const modelIds = [newId("mdl", 0), newId("mdl", 1)];

/** A call, by the numbers of its key and its model. */
export interface Call {
  readonly key: number;
  readonly model: number;
  readonly bytesIn: number;
}

interface Run {
  readonly demand: Demand;
  readonly holds: readonly Hold[];
  readonly runLimitMs: number;
}

/** What calls drew from one bucket, and how far the clock has gone since its first, forward or back. */
interface Drawn {
  readonly calls: number;
  readonly wayMs: number;
}

/** A cell's limiter as the rules make it, beside a plain account of what it let through. */
export class LimiterModel {
  readonly meters = new Map<string, Meter>();
  readonly running: Run[] = [];
  readonly drawn = new Map<string, Drawn>();
  /** What was taken and is held in the end, by meter and window. */
  readonly taken = new Map<string, number>();
  nowMs = START_MS;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Move the clock, forward or back. */
  step(ms: number): void {
    this.nowMs += ms;
    for (const [id, { calls, wayMs }] of this.drawn) this.drawn.set(id, { calls, wayMs: wayMs + Math.abs(ms) });
  }

  /** @returns whether the call was let in. Meters are frozen: weighing can change none of them. */
  call({ key, model, bytesIn }: Call): boolean {
    const demand = demandOf(key, model, bytesIn);
    const meters = { meterOf: (id: string) => this.meters.get(id), inFlight: (id: string) => this.#inFlight(id) };
    const weighed = weigh(this.#limits, meters, demand, this.nowMs, 0);
    if (weighed.kind === "exceeded") return false;
    const held = new Set(weighed.holds.map(({ meterId }) => meterId));
    for (const [id, meter] of weighed.meters) {
      this.meters.set(id, Object.freeze(meter));
      if (!held.has(id)) this.#draw(id);
    }
    for (const hold of weighed.holds) this.#account(hold, hold.amount);
    this.running.push({ demand, holds: weighed.holds, runLimitMs: weighed.runLimitMs });
    return true;
  }

  /** End one of the calls that run, after so many percent of the time that it had, or by our fault. */
  settle(index: number, percent: number, isOurFault: boolean): void {
    const [run] = this.running.splice(index % Math.max(1, this.running.length), 1);
    if (!run) return;
    const computeMs = Math.floor((run.runLimitMs * percent) / 100);
    for (const hold of run.holds) {
      const taken = isOurFault ? 0 : takenOf(hold.unit, computeMs, run.demand);
      const meter = settleHold(this.meters.get(hold.meterId), hold, taken);
      if (meter) this.meters.set(hold.meterId, Object.freeze(meter));
      this.#account(hold, taken - hold.amount);
    }
  }

  #inFlight(subject: string): number {
    const subjects = this.running.map(({ demand }) => ["tenant", demand.keyId, demand.modelId]);
    return subjects.filter((ids) => ids.includes(subject)).length;
  }

  #draw(id: string): void {
    const { calls, wayMs } = this.drawn.get(id) ?? { calls: 0, wayMs: 0 };
    this.drawn.set(id, { calls: calls + 1, wayMs });
  }

  #account({ meterId, windowStartMs }: Hold, amount: number): void {
    const id = `${meterId} ${windowStartMs}`;
    this.taken.set(id, (this.taken.get(id) ?? 0) + amount);
  }
}

function demandOf(key: number, model: number, bytesIn: number): Demand {
  const [keyId = newId("key", 0), modelId] = [keyIds[key], modelIds[model]];
  const run = {
    priceMicroUsd: PRICE_MICRO_USD,
    computeMicroUsdPerSecond: COMPUTE_MICRO_USD_PER_SECOND,
    limitMs: RUN_LIMIT_MS,
  };
  return { endpoint: "infer", keyId, modelId, bytesIn, run };
}

/** What a run of so many milliseconds takes; its answer is as long as its request. */
function takenOf(unit: Unit, computeMs: number, { bytesIn }: Demand): number {
  switch (unit) {
    case "requests":
    case "inferences":
      return 1;
    case "compute_ms":
      return computeMs;
    case "bytes_in":
    case "bytes_out":
      return bytesIn;
    case "micro_usd":
      return PRICE_MICRO_USD + Math.ceil((computeMs * COMPUTE_MICRO_USD_PER_SECOND) / 1000);
  }
}
