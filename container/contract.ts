/** A run's limit where a request names none. */
export const DEFAULT_RUN_LIMIT_MS = 10_000;

/** The longest limit that a request may ask for. */
export const MAX_RUN_LIMIT_MS = 300_000;
