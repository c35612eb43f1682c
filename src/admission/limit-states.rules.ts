import { type Meters, bucketNow, quotaNow } from "./meters.rules.ts";
import type { ConcurrencyLimit, Limits, Quota, RateLimit, Subject, Unit } from "./policies.rules.ts";
import { MICRO } from "./token-bucket.rules.ts";
import type { Window } from "./windows.rules.ts";

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

/**
 * How every limit of a kind of subject stands for one of them, without a call that takes from it.
 *
 * @param subject   whose: "tenant", a key's id or a model's
 * @param anchorMs  when a billing period of the tenant began
 */
export function limitStates(
  { rates, quotas, concurrency }: Limits,
  [per, subject]: readonly [per: Subject, subject: string],
  meters: Meters,
  nowMs: number,
  anchorMs: number,
): LimitState[] {
  const isTheirs = (limit: { readonly per: Subject }): boolean => limit.per === per;
  return [
    ...rates.filter(isTheirs).map((limit) => rateState(limit, bucketNow(limit, subject, meters, nowMs).microTokens)),
    ...quotas.filter(isTheirs).map((quota) => {
      const { meter, endMs } = quotaNow(quota, subject, meters, nowMs, anchorMs);
      return quotaState(quota, meter.amount, endMs - nowMs);
    }),
    ...concurrency
      .filter(isTheirs)
      .map((limit) => concurrencyState(limit, Math.max(0, limit.limit - meters.inFlight(subject)))),
  ];
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
