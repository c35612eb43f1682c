import type { CallerId, ModelId } from "../shared/ids.ts";
import { type LimitState, concurrencyState, quotaState, rateState } from "./limit-states.rules.ts";
import { type Hold, type Meter, type Meters, bucketNow, quotaNow } from "./meters.rules.ts";
import type { ConcurrencyLimit, Endpoint, Limits, Quota, RateLimit, Subject, Unit } from "./policies.rules.ts";
import { MICRO } from "./token-bucket.rules.ts";

/** What one call asks for. */
export interface Demand {
  readonly endpoint: Endpoint;
  readonly keyId: CallerId;
  readonly modelId: ModelId | undefined;
  /** Bytes that the request announces; 0 when it announces none. */
  readonly bytesIn: number;
  /** Of an inference: its price, and the price of a second of compute time, in micro-dollars, and its time limit. */
  readonly run:
    | { readonly priceMicroUsd: number; readonly computeMicroUsdPerSecond: number; readonly limitMs: number }
    | undefined;
}

/** Leave to go on: the meters as they are then. Nothing has been changed yet. */
export interface Weighed {
  readonly kind: "within";
  readonly meters: ReadonlyMap<string, Meter>;
  readonly holds: readonly Hold[];
  /** How long the run may take: its own limit, or what is left to pay for, if that is less. */
  readonly runLimitMs: number;
  /** The policy closest to exhaustion; undefined when nothing limits this call. */
  readonly closest: LimitState | undefined;
}

/** Every policy that has nothing left for this call: one at least. */
export interface Exceeded {
  readonly kind: "exceeded";
  readonly violated: readonly LimitState[];
}

/** The id of whoever shares a limit, among all subjects of a tenant. */
function subjectId(per: Subject, demand: Pick<Demand, "keyId" | "modelId">): string | undefined {
  if (per === "tenant") return "tenant";
  return per === "key" ? demand.keyId : demand.modelId;
}

/**
 * Hold one call against all of its limits together, so that a refusal takes nothing from any.
 *
 * A run is given no more time than every quota of compute time and money can still pay for, and that much is held until it
 * ends: what it then takes can't pass a quota.
 *
 * @param anchorMs  when a billing period of the tenant began
 */
export function weigh(
  limits: Limits,
  meters: Meters,
  demand: Demand,
  nowMs: number,
  anchorMs: number,
): Weighed | Exceeded {
  const scale = new Scale(demand, nowMs, anchorMs);
  for (const limit of limits.concurrency) scale.weighConcurrency(limit, meters);
  for (const limit of limits.rates) scale.weighRate(limit, meters);
  for (const quota of limits.quotas) scale.weighQuota(quota, meters);
  return scale.verdict();
}

interface OpenQuota {
  readonly quota: Quota;
  readonly meterId: string;
  readonly meter: Meter;
  readonly endMs: number;
}

/** Collects what each limit says of one call. */
class Scale {
  readonly #demand: Demand;
  readonly #nowMs: number;
  readonly #anchorMs: number;
  readonly #violated: LimitState[] = [];
  readonly #changes = new Map<string, Meter>();
  readonly #quotas: OpenQuota[] = [];
  #runLimitMs: number;
  #closest: LimitState | undefined;

  constructor(demand: Demand, nowMs: number, anchorMs: number) {
    this.#demand = demand;
    this.#nowMs = nowMs;
    this.#anchorMs = anchorMs;
    this.#runLimitMs = demand.run?.limitMs ?? 0;
  }

  weighConcurrency(limit: ConcurrencyLimit, meters: Meters): void {
    const subject = this.#demand.run && subjectId(limit.per, this.#demand);
    if (subject === undefined) return;
    const remaining = limit.limit - meters.inFlight(subject);
    const state = concurrencyState(limit, Math.max(0, remaining - 1));
    if (remaining < 1) this.#violated.push(state);
    else this.#consider(state);
  }

  weighRate(limit: RateLimit, meters: Meters): void {
    if (limit.endpoint !== this.#demand.endpoint) return;
    const subject = subjectId(limit.per, this.#demand);
    if (subject === undefined) return;
    const { meterId, microTokens } = bucketNow(limit, subject, meters, this.#nowMs);
    if (microTokens < MICRO) {
      this.#violated.push(rateState(limit, microTokens));
      return;
    }
    const amount = microTokens - MICRO;
    this.#changes.set(meterId, { amount, held: 0, atMs: this.#nowMs, raisedPercent: 0 });
    this.#consider(rateState(limit, amount));
  }

  weighQuota(quota: Quota, meters: Meters): void {
    const subject = subjectId(quota.per, this.#demand);
    if (subject === undefined) return;
    const { meterId, meter, endMs } = quotaNow(quota, subject, meters, this.#nowMs, this.#anchorMs);
    const least = leastOf(quota.unit, this.#demand);
    if (least === undefined) return;
    const remaining = quota.limit - meter.amount;
    this.#quotas.push({ quota, meterId, meter, endMs });
    if (quota.isSoft) return;
    if (remaining < least) this.#violated.push(quotaState(quota, meter.amount, endMs - this.#nowMs));
    else this.#runLimitMs = Math.min(this.#runLimitMs, affordableMs(quota.unit, remaining, this.#demand));
  }

  verdict(): Weighed | Exceeded {
    if (this.#violated.length > 0) return { kind: "exceeded", violated: this.#violated };
    const holds = this.#quotas.map((open) => this.#hold(open));
    const { meters, closest } = { meters: this.#changes, closest: this.#closest };
    return { kind: "within", meters, holds: this.#demand.run ? holds : [], runLimitMs: this.#runLimitMs, closest };
  }

  #hold({ quota, meterId, meter, endMs }: OpenQuota): Hold {
    const taken = amountHeld(quota.unit, this.#demand, this.#runLimitMs);
    const amount = meter.amount + taken;
    this.#changes.set(meterId, { ...meter, amount, held: meter.held + (this.#demand.run ? taken : 0) });
    if (!quota.isSoft) this.#consider(quotaState(quota, amount, endMs - this.#nowMs));
    return { meterId, windowStartMs: meter.atMs, unit: quota.unit, amount: taken };
  }

  #consider(state: LimitState): void {
    const best = this.#closest;
    if (!best || state.remaining * best.quota < best.remaining * state.quota) this.#closest = state;
  }
}

/** The least that a call takes of a unit; undefined when it takes none of it. */
function leastOf(unit: Unit, { run, bytesIn }: Demand): number | undefined {
  if (unit === "requests") return 1;
  if (!run) return undefined;
  switch (unit) {
    case "inferences":
    case "compute_ms":
    case "bytes_out":
      return 1;
    case "bytes_in":
      return Math.max(1, bytesIn);
    case "micro_usd":
      return run.priceMicroUsd + Math.ceil(run.computeMicroUsdPerSecond / 1000);
  }
}

/** How long a run may take for what is left of a quota. */
function affordableMs(unit: Unit, remaining: number, { run }: Demand): number {
  if (unit === "compute_ms") return remaining;
  if (unit !== "micro_usd" || !run || run.computeMicroUsdPerSecond === 0) return Infinity;
  return Math.floor(((remaining - run.priceMicroUsd) * 1000) / run.computeMicroUsdPerSecond);
}

/** What is set aside of a unit until the call ends. */
function amountHeld(unit: Unit, { run, bytesIn }: Demand, runLimitMs: number): number {
  switch (unit) {
    case "requests":
    case "inferences":
      return 1;
    case "compute_ms":
      return runLimitMs;
    case "bytes_in":
      return bytesIn;
    case "bytes_out":
      return 0;
    case "micro_usd":
      return run ? run.priceMicroUsd + Math.ceil((runLimitMs * run.computeMicroUsdPerSecond) / 1000) : 0;
  }
}
