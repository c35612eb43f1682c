import type { LimitState } from "../admission/limits.rules.ts";

/**
 * A limit as the caller is told it: its policy, what is left of it, and in how many seconds there is more.
 *
 * @see draft-ietf-httpapi-ratelimit-headers-11
 */
export function rateLimitHeaders(limit: LimitState | undefined): Record<string, string> {
  if (!limit) return {};
  const { policy, quota, unit, windowSeconds, remaining } = limit;
  const countedIn = unit === undefined ? "" : `;qu="${unit}"`;
  const window = windowSeconds === undefined ? "" : `;w=${windowSeconds}`;
  return {
    "RateLimit-Policy": `"${policy}";q=${quota}${countedIn}${window}`,
    RateLimit: `"${policy}";r=${remaining};t=${resetSeconds(limit)}`,
  };
}

/** Put a limit on an answer, unless the answer tells of one already. */
export function tellLimit(headers: Headers, limit: LimitState | undefined): void {
  if (headers.has("RateLimit")) return;
  for (const [name, value] of Object.entries(rateLimitHeaders(limit))) headers.set(name, value);
}

/** Seconds until there is more than now, rounded up: the value of `t`, and of Retry-After on a 429. */
export function resetSeconds(limit: LimitState): number {
  return Math.ceil(limit.resetMs / 1000);
}
