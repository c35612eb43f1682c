/**
 * Whether a backend is worth asking.
 *
 * Closed, every call passes. After {@link FAILURES_TO_OPEN} failures in a row it opens, and calls are refused at once for
 * {@link OPEN_MS}; then one call may probe, and its end closes or opens the breaker again.
 */
export interface CircuitBreaker {
  readonly failuresInRow: number;
  /** When the next probe may pass, in ms since 1970; undefined while closed. */
  readonly probeFromMs: number | undefined;
}

export const CLOSED: CircuitBreaker = { failuresInRow: 0, probeFromMs: undefined };

/** Failures in a row that open a breaker. */
export const FAILURES_TO_OPEN = 5;
/** How long an open breaker refuses before a probe, and how long a probe may take before another one passes. */
export const OPEN_MS = 5_000;

/** May a call pass? One that passes an open breaker is the probe: until it ends, no other passes. */
export function tryPass(
  breaker: CircuitBreaker,
  nowMs: number,
):
  | { readonly passes: true; readonly breaker: CircuitBreaker }
  | { readonly passes: false; readonly retryAfterMs: number } {
  if (breaker.probeFromMs === undefined) return { passes: true, breaker };
  if (nowMs < breaker.probeFromMs) return { passes: false, retryAfterMs: breaker.probeFromMs - nowMs };
  return { passes: true, breaker: { ...breaker, probeFromMs: nowMs + OPEN_MS } };
}

/** The breaker after a call has ended. */
export function afterCall(breaker: CircuitBreaker, reached: boolean, nowMs: number): CircuitBreaker {
  if (reached) return CLOSED;
  const failuresInRow = breaker.failuresInRow + 1;
  const isOpen = failuresInRow >= FAILURES_TO_OPEN;
  return { failuresInRow, probeFromMs: isOpen ? nowMs + OPEN_MS : undefined };
}
