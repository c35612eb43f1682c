import type { LimitState } from "../admission/limit-states.rules.ts";

/** The largest integer of a structured field: 15 digits. @see RFC 9651 section 3.3.1 */
const MAX_INTEGER = 999_999_999_999_999;

/**
 * A limit as the caller is told it: its policy, what is left of it, and in how many seconds there is more.
 *
 * @see draft-ietf-httpapi-ratelimit-headers-11
 */
export function rateLimitHeaders(limit: LimitState | undefined): Record<string, string> {
  if (!limit) return {};
  const { policy, quota, unit, windowSeconds, remaining } = limit;
  const seconds = resetSeconds(limit);
  const countedIn = unit === undefined ? "" : `;qu="${unit}"`;
  const window = windowSeconds === undefined ? "" : `;w=${windowSeconds}`;
  const reset = seconds === undefined ? "" : `;t=${seconds}`;
  return {
    "RateLimit-Policy": `"${policy}";q=${Math.min(quota, MAX_INTEGER)}${countedIn}${window}`,
    RateLimit: `"${policy}";r=${Math.min(remaining, MAX_INTEGER)}${reset}`,
  };
}

/** Put a limit on an answer, unless the answer tells of one already. */
export function tellLimit(headers: Headers, limit: LimitState | undefined): void {
  if (headers.has("RateLimit")) return;
  for (const [name, value] of Object.entries(rateLimitHeaders(limit))) headers.set(name, value);
}

/** Seconds until there is more than now, rounded up: the value of `t`; undefined when waiting brings nothing back. */
export function resetSeconds({ resetMs }: LimitState): number | undefined {
  return resetMs === undefined ? undefined : Math.ceil(resetMs / 1000);
}
