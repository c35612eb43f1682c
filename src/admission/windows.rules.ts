/**
 * The stretch of time that a quota counts over: a UTC hour, day or calendar month, the tenant's billing period, or all time, as
 * for prepaid credits.
 */
export const WINDOWS = ["hour", "day", "month", "period", "ever"] as const;
export type Window = (typeof WINDOWS)[number];

/** From `startMs`, included, to `endMs`, excluded; milliseconds since 1970. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * The window of this kind that a moment falls into.
 *
 * @param anchorMs  when a billing period of the tenant began, any one of them
 */
export function windowAt(window: Window, nowMs: number, anchorMs: number): Interval {
  switch (window) {
    case "hour":
      return evenly(nowMs, HOUR_MS);
    case "day":
      return evenly(nowMs, DAY_MS);
    case "month":
      return monthly(nowMs, 0);
    case "period":
      return monthly(nowMs, anchorMs);
    case "ever":
      return { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  }
}

function evenly(nowMs: number, lengthMs: number): Interval {
  const startMs = Math.floor(nowMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

/** The month since the anchor's day and time of day, as a subscription renews; an anchor of 0 gives calendar months. */
function monthly(nowMs: number, anchorMs: number): Interval {
  const now = new Date(nowMs);
  const month = now.getUTCFullYear() * 12 + now.getUTCMonth();
  const thisMonth = renewalIn(month, anchorMs);
  return nowMs < thisMonth
    ? { startMs: renewalIn(month - 1, anchorMs), endMs: thisMonth }
    : { startMs: thisMonth, endMs: renewalIn(month + 1, anchorMs) };
}

/** When a period begins in this month, counted from the year 0; on the month's last day where it has no such day. */
function renewalIn(month: number, anchorMs: number): number {
  const year = Math.floor(month / 12);
  const lastDay = new Date(Date.UTC(year, (month % 12) + 1, 0)).getUTCDate();
  const day = Math.min(new Date(anchorMs).getUTCDate(), lastDay);
  const timeOfDayMs = anchorMs - Math.floor(anchorMs / DAY_MS) * DAY_MS;
  return Date.UTC(year, month % 12, day) + timeOfDayMs;
}
