import type { Quota, RateLimit, Unit } from "./policies.rules.ts";
import { fullBucket, refill } from "./token-bucket.rules.ts";
import { type Interval, type Window, windowAt } from "./windows.rules.ts";

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
  /** Inferences under way of a subject, by its id: `tenant`, a caller's or a model's. */
  inFlight(subjectId: string): number;
}

/** What was set aside on one meter for a call that still runs. */
export interface Hold {
  readonly meterId: string;
  readonly windowStartMs: number;
  readonly unit: Unit;
  readonly amount: number;
}

/** The id of a bucket's meter. Names and subjects hold no spaces. */
export function rateMeterId({ name }: Pick<RateLimit, "name">, subject: string): string {
  return `${name} ${subject}`;
}

/** The id of a quota's meter: what was counted in one unit is nothing in another. */
export function quotaMeterId({ name, unit }: Pick<Quota, "name" | "unit">, subject: string): string {
  return `${name} ${unit} ${subject}`;
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
