import { describe, expect, test } from "vitest";
import { type Meter, bucketNow, quotaNow } from "../../src/admission/meters.rules.ts";
import type { Quota } from "../../src/admission/policies.rules.ts";
import { MICRO } from "../../src/admission/token-bucket.rules.ts";
import { MAX_READINGS, closestFirst, forecastOf, readQuota, readRate } from "../../src/usage/current.rules.ts";

const HOUR = 3_600_000;
const DAY_START = Date.parse("2026-11-20T00:00:00Z");
const DAY_END = Date.parse("2026-11-21T00:00:00Z");
const NOW = DAY_START + 6 * HOUR;
const TENANT = { per: "tenant", subject: null } as const;

const perDay: Quota = { name: "q", per: "tenant", unit: "compute_ms", window: "day", limit: 1_000, isSoft: false };

/** A quota as it stands now. */
function read(quota: Quota, meter: Meter) {
  return readQuota(quota, TENANT, quotaNow(quota, "tenant", { meterOf: () => meter }, NOW, 0), NOW);
}

describe("readQuota", () => {
  test("tells what is used, what is held, and what is neither", () => {
    const meter = { amount: 700, held: 300, atMs: DAY_START, raisedPercent: 0 };
    // Used are 700 − 300 = 400 of 1,000; a quarter of the day is over, so 1,600 at its end.
    expect(read(perDay, meter)).toEqual({
      ...TENANT,
      quota: perDay,
      windowStartMs: DAY_START,
      resetsAtMs: DAY_END,
      used: 400,
      held: 300,
      remaining: 300,
      percent: 40,
      forecast: 1_600,
    });
  });

  test("tells nothing of a window that is over", () => {
    const meter = { amount: 700, held: 300, atMs: DAY_START - 24 * HOUR, raisedPercent: 90 };
    expect(read(perDay, meter)).toMatchObject({ used: 0, held: 0, remaining: 1_000, forecast: 0 });
  });

  test("of which more was used than there is has nothing left, not less", () => {
    const meter = { amount: 2_500, held: 0, atMs: DAY_START, raisedPercent: 0 };
    expect(read(perDay, meter)).toMatchObject({ used: 2_500, remaining: 0, percent: 250 });
  });

  test("that never starts anew has neither an end nor a forecast", () => {
    const meter = { amount: 500, held: 0, atMs: 0, raisedPercent: 0 };
    const reading = read({ ...perDay, window: "ever" }, meter);
    expect(reading).toMatchObject({ used: 500, percent: 50, resetsAtMs: undefined, forecast: undefined });
  });
});

describe("forecastOf", () => {
  const window = { startMs: DAY_START, endMs: DAY_END };

  test("goes on as from the start", () => {
    expect(forecastOf(10, window, DAY_START + 12 * HOUR)).toBe(20); // 10 / 12 h · 24 h
    expect(forecastOf(10, window, DAY_END - 1)).toBe(10);
  });

  test("is silent for the first 5 % of the window: 72 minutes of a day", () => {
    expect(forecastOf(10, window, DAY_START + 72 * 60_000 - 1)).toBeUndefined();
    expect(forecastOf(10, window, DAY_START + 72 * 60_000)).toBe(200); // 10 / 5 %
    expect(forecastOf(10, window, DAY_START)).toBeUndefined();
  });
});

describe("readRate", () => {
  const rate = { name: "r", per: "tenant", endpoint: "infer", burst: 10, ratePerSecond: 2 } as const;

  test("tells what the bucket holds by now, in whole calls", () => {
    const meter = { amount: 3 * MICRO, held: 0, atMs: NOW, raisedPercent: 0 };
    const remainingAt = (nowMs: number, kept: Meter | undefined): number =>
      readRate(rate, TENANT, bucketNow(rate, "tenant", { meterOf: () => kept }, nowMs).microTokens).remaining;
    expect(remainingAt(NOW, meter)).toBe(3);
    expect(remainingAt(NOW + 1_400, meter)).toBe(5); // 3 + 1.4 s · 2 = 5.8
    expect(remainingAt(NOW, undefined)).toBe(10);
  });
});

test("closestFirst puts the tenant's own first, then the fullest, and keeps no more than an answer holds", () => {
  const readings = Array.from({ length: MAX_READINGS + 5 }, (_, index) => {
    return { per: index === 3 ? ("tenant" as const) : ("key" as const), subject: `key_${index}`, percent: index };
  });
  const kept = closestFirst(readings, ({ percent }) => percent);
  expect(kept).toHaveLength(MAX_READINGS);
  expect(kept.slice(0, 3).map(({ percent }) => percent)).toEqual([3, MAX_READINGS + 4, MAX_READINGS + 3]);
});
