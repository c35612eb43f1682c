/** How fast a tenant may call: `burst` at once, `ratePerSecond` for ever. Both integers ≥ 1. */
export interface BucketLimit {
  readonly burst: number;
  readonly ratePerSecond: number;
}

/**
 * What a token bucket holds, in millionths of a token.
 *
 * At a rate of r tokens a second, 1 ms refills exactly r · 1000 micro-tokens, so the arithmetic stays in integers and no
 * call is gained or lost to rounding.
 */
export interface TokenBucket {
  readonly microTokens: number;
  readonly updatedAtMs: number;
}

/** Parts of a token. */
export const MICRO = 1_000_000;

/** A bucket that nobody has drawn from yet. */
export function fullBucket(limit: BucketLimit, nowMs: number): TokenBucket {
  return { microTokens: limit.burst * MICRO, updatedAtMs: nowMs };
}

/**
 * Refill a bucket up to now.
 *
 * tokens = min(burst, tokens + elapsedMs · ratePerSecond / 1000)
 *
 * A clock that stepped back refills nothing. One that was ahead by more than the bucket takes to fill was wrong, and is not waited
 * for: a refusal writes nothing, so an empty bucket would refuse until that time comes.
 */
export function refill(bucket: TokenBucket, limit: BucketLimit, nowMs: number): TokenBucket {
  const fillMs = (limit.burst * 1000) / limit.ratePerSecond;
  if (bucket.updatedAtMs - nowMs > fillMs) return fullBucket(limit, nowMs);
  const elapsedMs = Math.max(0, nowMs - bucket.updatedAtMs);
  const refilled = bucket.microTokens + elapsedMs * limit.ratePerSecond * 1000;
  return { microTokens: Math.min(limit.burst * MICRO, refilled), updatedAtMs: nowMs };
}
