/** Milliseconds since 1970. Handed to whatever depends on time, so that a test decides what time it is. */
export type Clock = () => number;

/** The platform's clock. */
export const systemClock: Clock = () => Date.now();

/** A moment as the API writes it: RFC 3339, in UTC, with milliseconds. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
