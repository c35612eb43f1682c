import type { Meter } from "../admission/meters.rules.ts";
import type { Quota, Subject, Unit } from "../admission/policies.rules.ts";
import type { EventId } from "../shared/ids.ts";

/** Shares of a quota, in percent, that are told about as they are reached. */
const THRESHOLDS = [50, 80, 90, 100] as const;

/** The type of the events that tell about it. */
export const THRESHOLD_REACHED = "usage.threshold_reached";

/** A share of a quota was reached: as the API shows it, and as it is delivered. */
export interface AlertBody {
  readonly policy: string;
  readonly per: Subject;
  /** The caller's id or the model's name; null for the tenant. */
  readonly subject: string | null;
  readonly unit: Unit;
  readonly window: Quota["window"];
  /** RFC 3339. */
  readonly window_start: string;
  readonly percent: number;
  readonly used: number;
  readonly limit: number;
  readonly soft: boolean;
}

export interface Alert {
  readonly id: EventId;
  readonly atMs: number;
  readonly body: AlertBody;
}

/**
 * How much of a quota is used.
 *
 * Calls and inferences are, from their admission on. Of compute time, bytes and money only a bound is known while a call runs: it
 * is held, and counts once the call has ended.
 */
export function usedOf(unit: Unit, { amount, held }: Meter): number {
  return unit === "requests" || unit === "inferences" ? amount : amount - held;
}

/** The share that is used, in whole percent, rounded down; of a quota of nothing any use is 100 percent. */
export function percentOf(used: number, limit: number): number {
  if (used <= 0) return 0;
  if (limit === 0) return 100;
  const near = Math.floor((used / limit) * 100);
  return [near + 1, near].find((percent) => used >= amountAt(percent, limit)) ?? near - 1;
}

/** The least that is so many percent of a limit, in integers: ceil(limit · percent / 100), exact for any safe limit. */
function amountAt(percent: number, limit: number): number {
  const rest = limit % 100;
  return ((limit - rest) / 100) * percent + Math.ceil((rest * percent) / 100);
}

/** The shares that a quota has reached and nobody was told of in this window, lowest first. */
export function reachedNow(quota: Pick<Quota, "unit" | "limit">, meter: Meter): number[] {
  const percent = percentOf(usedOf(quota.unit, meter), quota.limit);
  return THRESHOLDS.filter((threshold) => threshold > meter.raisedPercent && threshold <= percent);
}

/** The highest share that a quota has reached; 0 for none. What is beyond it will be told of. */
export function highestReached(quota: Pick<Quota, "unit" | "limit">, meter: Meter): number {
  return reachedNow(quota, { ...meter, raisedPercent: 0 }).at(-1) ?? 0;
}
