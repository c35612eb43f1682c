import type { KeyId, ModelId } from "../shared/ids.ts";
import { type BucketLimit, MICRO, fullBucket, refill } from "./token-bucket.rules.ts";
import { type Interval, type Window, windowAt } from "./windows.rules.ts";

/** What a route does, for limits: each class has buckets of its own. */
export const ENDPOINTS = ["read", "write", "infer", "admin"] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** Who shares a limit: the whole tenant, the holders of one key, or the callers of one model. */
export const SUBJECTS = ["tenant", "key", "model"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** What a quota counts. Bytes and compute time are those of inferences; money is in millionths of a dollar. */
export const UNITS = ["requests", "inferences", "compute_ms", "bytes_in", "bytes_out", "micro_usd"] as const;
export type Unit = (typeof UNITS)[number];

/** How fast: a token bucket. */
export interface RateLimit extends BucketLimit {
  readonly name: string;
  readonly per: Subject;
  readonly endpoint: Endpoint;
}

/** How much in a window of time. A soft one never refuses; it is there to be told about. */
export interface Quota {
  readonly name: string;
  readonly per: Subject;
  readonly unit: Unit;
  readonly window: Window;
  readonly limit: number;
  readonly isSoft: boolean;
}

/** How many inferences at a time. */
export interface ConcurrencyLimit {
  readonly name: string;
  readonly per: Subject;
  readonly limit: number;
}

/** Everything that bounds a caller. Each name is given once. */
export interface Limits {
  readonly rates: readonly RateLimit[];
  readonly quotas: readonly Quota[];
  readonly concurrency: readonly ConcurrencyLimit[];
}

/**
 * What is kept of one policy for one subject.
 *
 * Of a bucket: `amount` is millionths of a token as of `atMs`. Of a quota: `amount` is what was used, and held for what still
 * runs, in the window that began at `atMs`; `held` is the part that is only held.
 */
export interface Meter {
  readonly amount: number;
  readonly held: number;
  readonly atMs: number;
  /** The highest share of the quota, in percent, that was told about in this window. */
  readonly raisedPercent: number;
}

/** Where meters are found, and how much runs. */
export interface Meters {
  meterOf(id: string): Meter | undefined;
  /** Inferences under way of a subject, as {@link subjectId} names it. */
  inFlight(subjectId: string): number;
}

/** What one call asks for. */
export interface Demand {
  readonly endpoint: Endpoint;
  readonly keyId: KeyId;
  readonly modelId: ModelId | undefined;
  /** Bytes that the request announces; 0 when it announces none. */
  readonly bytesIn: number;
  /** Of an inference: its price, and the price of a second of compute time, in micro-dollars, and its time limit. */
  readonly run:
    | { readonly priceMicroUsd: number; readonly computeMicroUsdPerSecond: number; readonly limitMs: number }
    | undefined;
}

/** The state of a limit as the caller is told it. */
export interface LimitState {
  readonly policy: string;
  /** Calls, or what `unit` says. */
  readonly quota: number;
  /** The quota's unit, where it isn't calls: `qu` of the RateLimit headers. */
  readonly unit: string | undefined;
  /** The window that quota and rate amount to, in seconds; undefined for concurrency and all time, which have none. */
  readonly windowSeconds: number | undefined;
  /** Whole units left now. */
  readonly remaining: number;
  /**
   * Milliseconds until there is more than now: one more call of a bucket, the next window of a quota; 0 when a bucket is full,
   * undefined when time alone brings nothing back.
   */
  readonly resetMs: number | undefined;
}

/** What was set aside on one meter for a call that still runs. */
export interface Hold {
  readonly meterId: string;
  readonly windowStartMs: number;
  readonly unit: Unit;
  readonly amount: number;
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

/** The id of a bucket's meter. Names and subjects hold no spaces. */
export function rateMeterId({ name }: Pick<RateLimit, "name">, subject: string): string {
  return `${name} ${subject}`;
}

/** The id of a quota's meter: what was counted in one unit is nothing in another. */
export function quotaMeterId({ name, unit }: Pick<Quota, "name" | "unit">, subject: string): string {
  return `${name} ${unit} ${subject}`;
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

/** What a bucket holds for one of its subjects now, in millionths of a token. */
export function bucketNow(limit: RateLimit, subject: string, meters: Pick<Meters, "meterOf">, nowMs: number) {
  const meterId = rateMeterId(limit, subject);
  const meter = meters.meterOf(meterId);
  const kept = meter ? { microTokens: meter.amount, updatedAtMs: meter.atMs } : fullBucket(limit, nowMs);
  return { meterId, microTokens: refill(kept, limit, nowMs).microTokens };
}

/** What a quota has counted for one of its subjects in the window of now, and when that ends. */
export function quotaNow(
  quota: Quota,
  subject: string,
  meters: Pick<Meters, "meterOf">,
  nowMs: number,
  anchorMs: number,
) {
  const meterId = quotaMeterId(quota, subject);
  const kept = meters.meterOf(meterId);
  const window = countingWindow(quota.window, kept, nowMs, anchorMs);
  return { meterId, meter: meterIn(kept, window), endMs: window.endMs };
}

/**
 * The window that a quota counts in now.
 *
 * A clock that stepped back over the beginning of a window stays in it: what was used there is not forgotten. One that was ahead by
 * more than a window was wrong, and is not waited for.
 */
function countingWindow(kind: Window, kept: Meter | undefined, nowMs: number, anchorMs: number): Interval {
  const window = windowAt(kind, nowMs, anchorMs);
  return kept?.atMs === window.endMs ? windowAt(kind, kept.atMs, anchorMs) : window;
}

/** The meter of a window: as kept, or a new one. */
function meterIn(kept: Meter | undefined, { startMs, endMs }: Interval): Meter {
  if (kept && kept.atMs >= startMs && kept.atMs < endMs) return kept;
  return { amount: 0, held: 0, atMs: startMs, raisedPercent: 0 };
}

/**
 * Replace what was held for a call by what it took in the end.
 *
 * Holds of a window that is over are gone with it. What is given back is never more than what was held, and what is taken is
 * not bound by it: bytes are known only afterwards.
 */
export function settleHold(meter: Meter | undefined, hold: Hold, taken: number): Meter | undefined {
  if (!meter || meter.atMs !== hold.windowStartMs) return undefined;
  const held = Math.min(hold.amount, meter.held);
  return { ...meter, held: meter.held - held, amount: Math.max(0, meter.amount - held + taken) };
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

/** The state of a limit on what runs at a time, of which so much is left. */
export function concurrencyState({ name, limit }: ConcurrencyLimit, remaining: number): LimitState {
  return {
    policy: name,
    quota: limit,
    unit: "concurrent-requests",
    windowSeconds: undefined,
    remaining,
    resetMs: 1000,
  };
}

/** The state of a bucket with so many millionths of a token in it, as of now. */
export function rateState({ name, burst, ratePerSecond }: RateLimit, microTokens: number): LimitState {
  const remaining = Math.floor(microTokens / MICRO);
  const missing = (remaining + 1) * MICRO - microTokens;
  return {
    policy: name,
    quota: burst,
    unit: undefined,
    windowSeconds: Math.ceil(burst / ratePerSecond),
    remaining,
    resetMs: remaining >= burst ? 0 : Math.ceil(missing / (ratePerSecond * 1000)),
  };
}

/** The state of a quota of which so much is used, with so many milliseconds to the end of its window. */
export function quotaState({ name, limit, unit, window }: Quota, used: number, leftMs: number): LimitState {
  return {
    policy: name,
    quota: limit,
    unit: QUOTA_UNITS[unit],
    windowSeconds: WINDOW_SECONDS[window],
    remaining: Math.max(0, limit - used),
    resetMs: window === "ever" ? undefined : leftMs,
  };
}

/** As the draft names units; those that it has no name for are ours. */
const QUOTA_UNITS: Record<Unit, string | undefined> = {
  requests: undefined,
  inferences: undefined,
  compute_ms: "compute-ms",
  bytes_in: "content-bytes",
  bytes_out: "response-bytes",
  micro_usd: "micro-usd",
};

/** A month counts as 30 days here: the header states one length. Credits, which are for ever, have none. */
const WINDOW_SECONDS: Record<Window, number | undefined> = {
  hour: 3600,
  day: 86_400,
  month: 2_592_000,
  period: 2_592_000,
  ever: undefined,
};
