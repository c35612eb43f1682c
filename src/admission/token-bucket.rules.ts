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

/** The state of a limit as the caller is told it. */
export interface LimitState {
  readonly policy: string;
  /** The bucket's size, in calls. */
  readonly quota: number;
  /** Seconds in which an empty bucket fills: quota and window together state the sustained rate. */
  readonly windowSeconds: number;
  /** Whole calls left now. */
  readonly remaining: number;
  /** Milliseconds until at least one more call is granted than now; 0 when the bucket is full. */
  readonly resetMs: number;
}

const MICRO = 1_000_000;

/** A bucket that nobody has drawn from yet. */
export function fullBucket(limit: BucketLimit, nowMs: number): TokenBucket {
  return { microTokens: limit.burst * MICRO, updatedAtMs: nowMs };
}

/**
 * Refill a bucket up to now.
 *
 * tokens = min(burst, tokens + elapsedMs · ratePerSecond / 1000)
 *
 * A clock that stepped back refills nothing and starts anew from the earlier time.
 */
export function refill(bucket: TokenBucket, limit: BucketLimit, nowMs: number): TokenBucket {
  const elapsedMs = Math.max(0, nowMs - bucket.updatedAtMs);
  const refilled = bucket.microTokens + elapsedMs * limit.ratePerSecond * 1000;
  return { microTokens: Math.min(limit.burst * MICRO, refilled), updatedAtMs: nowMs };
}

/** Take one call from a refilled bucket, or undefined when there is none to take. */
export function take(bucket: TokenBucket): TokenBucket | undefined {
  if (bucket.microTokens < MICRO) return undefined;
  return { microTokens: bucket.microTokens - MICRO, updatedAtMs: bucket.updatedAtMs };
}

/** Describe a refilled bucket for the RateLimit headers. */
export function describeBucket(policy: string, bucket: TokenBucket, limit: BucketLimit): LimitState {
  const remaining = Math.floor(bucket.microTokens / MICRO);
  const isFull = remaining >= limit.burst;
  const missing = (remaining + 1) * MICRO - bucket.microTokens;
  return {
    policy,
    quota: limit.burst,
    windowSeconds: Math.ceil(limit.burst / limit.ratePerSecond),
    remaining,
    resetMs: isFull ? 0 : Math.ceil(missing / (limit.ratePerSecond * 1000)),
  };
}
