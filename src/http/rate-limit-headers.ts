import type { LimitState } from "../admission/token-bucket.rules.ts";

/**
 * A limit as the caller is told it: its policy, what is left of it, and in how many seconds there is more.
 *
 * @see draft-ietf-httpapi-ratelimit-headers-11
 */
export function rateLimitHeaders(limit: LimitState): Record<string, string> {
  return {
    "RateLimit-Policy": `"${limit.policy}";q=${limit.quota};w=${limit.windowSeconds}`,
    RateLimit: `"${limit.policy}";r=${limit.remaining};t=${resetSeconds(limit)}`,
  };
}

/** Seconds until at least one more call is granted, rounded up: the value of `t`, and of Retry-After on a 429. */
export function resetSeconds(limit: LimitState): number {
  return Math.ceil(limit.resetMs / 1000);
}
