import type { Meter } from "../admission/meters.rules.ts";
import type { ConcurrencyLimit, Quota, RateLimit, Subject } from "../admission/policies.rules.ts";
import { MICRO } from "../admission/token-bucket.rules.ts";
import type { Interval } from "../admission/windows.rules.ts";
import { percentOf, usedOf } from "./alerts.rules.ts";

/** Readings of each kind that one answer holds at most; those that are closest to their limits go before others. */
export const MAX_READINGS = 1_000;

/** The share of a window that must be over before its end is forecast. */
const LEAST_ELAPSED = 0.05;

/** Whom a limit is counted for: a caller by its id, a model by its name, the tenant by none. */
export interface Whose {
  readonly per: Subject;
  readonly subject: string | null;
}

/** How much of a quota is used, now. */
export interface QuotaReading extends Whose {
  readonly quota: Quota;
  readonly windowStartMs: number;
  /** Undefined for a quota that never starts anew. */
  readonly resetsAtMs: number | undefined;
  readonly used: number;
  /** What calls under way may still take of it. */
  readonly held: number;
  /** What a new call may take: what is neither used nor held. */
  readonly remaining: number;
  /** Whole percent that are used, rounded down; over 100 where more was used. */
  readonly percent: number;
  /** What will be used at the end of the window; undefined where there is nothing to tell it from. */
  readonly forecast: number | undefined;
}

/** What a token bucket holds, now. */
export interface RateReading extends Whose {
  readonly rate: RateLimit;
  /** Whole calls. */
  readonly remaining: number;
}

/** How many run, now. */
export interface ConcurrencyReading extends Whose {
  readonly concurrency: ConcurrencyLimit;
  readonly inFlight: number;
}

/** What the billing period has cost so far, in micro-dollars. */
export interface SpendReading extends Interval {
  readonly microUsd: number;
  readonly forecast: number | undefined;
}

/** Credit that was granted in advance, in micro-dollars. */
export interface CreditReading {
  readonly granted: number;
  readonly spent: number;
  readonly held: number;
  readonly left: number;
}

/** All limits of a tenant. */
export interface CurrentUsage {
  readonly nowMs: number;
  readonly quotas: readonly QuotaReading[];
  readonly rates: readonly RateReading[];
  readonly concurrency: readonly ConcurrencyReading[];
  readonly spend: SpendReading;
  /** Undefined where nothing is paid in advance. */
  readonly credit: CreditReading | undefined;
  /** Whether there are more readings of a kind than {@link MAX_READINGS}. */
  readonly isTruncated: boolean;
}

/** Read a quota's meter, in the window that it counts in until `endMs`. */
export function readQuota(
  quota: Quota,
  whose: Whose,
  { meter, endMs }: { readonly meter: Meter; readonly endMs: number },
  nowMs: number,
): QuotaReading {
  const used = usedOf(quota.unit, meter);
  const isEndless = quota.window === "ever";
  return {
    ...whose,
    quota,
    windowStartMs: meter.atMs,
    resetsAtMs: isEndless ? undefined : endMs,
    used,
    held: meter.amount - used,
    remaining: Math.max(0, quota.limit - meter.amount),
    percent: percentOf(used, quota.limit),
    forecast: isEndless ? undefined : forecastOf(used, { startMs: meter.atMs, endMs }, nowMs),
  };
}

/**
 * What a stretch of time will have taken at its end, if it goes on as it has from its start.
 *
 * forecast = round(used / elapsed · length), from 5 % of the length on; before, chance says more than the figure
 */
export function forecastOf(used: number, { startMs, endMs }: Interval, nowMs: number): number | undefined {
  const [elapsedMs, lengthMs] = [nowMs - startMs, endMs - startMs];
  if (elapsedMs < lengthMs * LEAST_ELAPSED) return undefined;
  return Math.round((used / elapsedMs) * lengthMs);
}

/** Read a bucket that holds so many millionths of a token. */
export function readRate(rate: RateLimit, whose: Whose, microTokens: number): RateReading {
  return { ...whose, rate, remaining: Math.floor(microTokens / MICRO) };
}

/** The most that an answer holds: the tenant's own first, then those that are closest to their limits. */
export function closestFirst<T extends Whose>(readings: readonly T[], shareOf: (reading: T) => number): T[] {
  const rank = (reading: T): number => (reading.per === "tenant" ? Infinity : shareOf(reading));
  const compare = (a: T, b: T): number => (rank(a) === rank(b) ? 0 : rank(b) - rank(a));
  return readings.toSorted(compare).slice(0, MAX_READINGS);
}
