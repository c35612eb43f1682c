import {
  type LimitState,
  type Limits,
  type Meters,
  type Subject,
  bucketNow,
  concurrencyState,
  quotaNow,
  quotaState,
  rateState,
} from "./limits.rules.ts";

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
