import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Window, windowAt } from "../../src/admission/windows.rules.ts";

/** The window of a moment, as two timestamps. */
function at(window: Window, now: string, anchor = "1970-01-01T00:00:00Z"): string[] {
  const { startMs, endMs } = windowAt(window, Date.parse(now), Date.parse(anchor));
  return [startMs, endMs].map((ms) => new Date(ms).toISOString().replace(".000Z", "Z"));
}

describe("a window", () => {
  test("of an hour or a day is a whole one of UTC, from its first millisecond to before its last", () => {
    expect(at("hour", "2026-11-20T12:34:56Z")).toEqual(["2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z"]);
    expect(at("day", "2026-11-20T12:34:56Z")).toEqual(["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]);
    expect(at("day", "2026-11-20T00:00:00Z")).toEqual(["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]);
    expect(at("day", "2026-11-20T23:59:59.999Z")).toEqual(["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]);
  });

  test("of a month is a calendar month, in February of leap years too, and over the turn of a year", () => {
    expect(at("month", "2026-11-30T23:59:59Z")).toEqual(["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]);
    expect(at("month", "2026-12-31T12:00:00Z")).toEqual(["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]);
    expect(at("month", "2027-02-28T12:00:00Z")).toEqual(["2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z"]);
    expect(at("month", "2028-02-29T12:00:00Z")).toEqual(["2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"]);
  });

  test("of a month does not heed the anchor", () => {
    expect(at("month", "2026-11-20T12:00:00Z", "2026-01-15T08:00:00Z")[0]).toBe("2026-11-01T00:00:00Z");
  });

  test("of a billing period begins on the anchor's day and time of day", () => {
    const anchor = "2026-01-15T08:30:00Z";
    expect(at("period", "2026-11-20T12:00:00Z", anchor)).toEqual(["2026-11-15T08:30:00Z", "2026-12-15T08:30:00Z"]);
    expect(at("period", "2026-11-15T08:29:59Z", anchor)).toEqual(["2026-10-15T08:30:00Z", "2026-11-15T08:30:00Z"]);
    expect(at("period", "2026-11-15T08:30:00Z", anchor)).toEqual(["2026-11-15T08:30:00Z", "2026-12-15T08:30:00Z"]);
    expect(at("period", "2027-01-02T00:00:00Z", anchor)).toEqual(["2026-12-15T08:30:00Z", "2027-01-15T08:30:00Z"]);
  });

  test("of a billing period that is anchored on the 31st begins on the last day of shorter months", () => {
    const anchor = "2026-01-31T00:00:00Z";
    expect(at("period", "2026-02-27T00:00:00Z", anchor)).toEqual(["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"]);
    expect(at("period", "2026-02-28T00:00:00Z", anchor)).toEqual(["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]);
    expect(at("period", "2026-04-30T12:00:00Z", anchor)).toEqual(["2026-04-30T00:00:00Z", "2026-05-31T00:00:00Z"]);
    expect(at("period", "2028-02-29T12:00:00Z", anchor)).toEqual(["2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"]);
  });

  test("of a billing period may have its anchor in the future, or before 1970", () => {
    const period = ["2026-11-15T08:30:00Z", "2026-12-15T08:30:00Z"];
    expect(at("period", "2026-11-20T12:00:00Z", "2031-07-15T08:30:00Z")).toEqual(period);
    expect(at("period", "2026-11-20T12:00:00Z", "1969-07-15T08:30:00Z")).toEqual(period);
  });

  test("for all time has begun and never ends", () => {
    const ever = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
    expect(windowAt("ever", 0, 5)).toEqual(ever);
    expect(windowAt("ever", Date.parse("2026-11-20T12:00:00Z"), 5)).toEqual(ever);
  });

  test("holds its moment, and all windows together leave no gap and overlap nowhere", () => {
    const moment = fc.integer({ min: 0, max: 4_102_444_800_000 }); // to 2100
    fc.assert(
      fc.property(fc.constantFrom("hour", "day", "month", "period"), moment, moment, (kind, nowMs, anchorMs) => {
        const { startMs, endMs } = windowAt(kind, nowMs, anchorMs);
        expect(startMs).toBeLessThanOrEqual(nowMs);
        expect(endMs).toBeGreaterThan(nowMs);
        expect(windowAt(kind, startMs, anchorMs)).toEqual({ startMs, endMs });
        expect(windowAt(kind, endMs - 1, anchorMs)).toEqual({ startMs, endMs });
        expect(windowAt(kind, endMs, anchorMs).startMs).toBe(endMs);
      }),
      { numRuns: 2_000 },
    );
  });
});
