import { SPAN_MS, type Span, startOf } from "./rollup.rules.ts";

/** How long usage is kept by the minute, and by the hour: at least so long, to the end of the UTC day. */
const MINUTES_KEPT_MS = 32 * SPAN_MS.day;
const HOURS_KEPT_MS = 400 * SPAN_MS.day;

/** From when on usage is kept by the minute, and by the hour; before both by the day. Whole UTC days, ms since 1970. */
export interface Detail {
  readonly minutesFromMs: number;
  readonly hoursFromMs: number;
}

/** The detail that is kept at a moment. */
export function detailAt(nowMs: number): Detail {
  return { minutesFromMs: startOf("day", nowMs - MINUTES_KEPT_MS), hoursFromMs: startOf("day", nowMs - HOURS_KEPT_MS) };
}

/** The longest span that tells what was used at a moment. */
function spanAt(atMs: number, { minutesFromMs, hoursFromMs }: Detail): Span {
  if (atMs >= minutesFromMs) return "minute";
  return atMs >= hoursFromMs ? "hour" : "day";
}

/** Round a stretch of time outward to the spans that are kept of its age, so that it has all that was used in it. */
export function outward<T extends { readonly fromMs: number; readonly toMs: number }>(asked: T, detail: Detail): T {
  const { fromMs, toMs } = asked;
  const last = spanAt(toMs - 1, detail);
  return {
    ...asked,
    fromMs: startOf(spanAt(fromMs, detail), fromMs),
    toMs: startOf(last, toMs - 1) + SPAN_MS[last],
  };
}

/** One way down: which rows merge into which, and at what age. */
export interface Compaction {
  readonly from: Span;
  readonly into: Span;
  readonly keptMs: number;
}

/** Minutes merge into hours, later hours into days. */
export const COMPACTIONS: readonly Compaction[] = [
  { from: "minute", into: "hour", keptMs: MINUTES_KEPT_MS },
  { from: "hour", into: "day", keptMs: HOURS_KEPT_MS },
];

/** Whatever began before this moment is to be merged. */
export function mergedBeforeMs({ keptMs }: Compaction, nowMs: number): number {
  return startOf("day", nowMs - keptMs);
}

/** When a row that began at a moment is to be merged: once its whole day is old enough, so that one alarm does a day. */
export function mergeDueMs({ keptMs }: Compaction, startMs: number): number {
  return startOf("day", startMs) + SPAN_MS.day + keptMs;
}
