import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ATTEMPT_RULES,
  type Counted,
  countAttempt,
  countFailure,
  lockedForMs,
} from "../../src/identity/attempts.rules.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const threeAnHour = { most: 3, windowMs: HOUR_MS };

/** Make attempts at these times, each as the clock says, and tell which were let through. */
function attemptsAt(times: readonly number[], limit = threeAnHour): number[] {
  let remembered: readonly number[] = [];
  return times.filter((nowMs) => {
    const counted = countAttempt(remembered, limit, nowMs);
    if (counted.kind === "counted") remembered = counted.times;
    return counted.kind === "counted";
  });
}

describe("attempts", () => {
  test("an owner makes three tenants in any hour, and not one more", () => {
    expect(ATTEMPT_RULES.tenant_creation.account).toEqual(threeAnHour);
  });

  test("beyond the limit are refused until the oldest that counts is a window old, to the millisecond", () => {
    // Of 0, 10 and 50 minutes the first leaves the window at 60 minutes: 60 − 55 = 5 minutes to wait
    const times = [0, 10 * MINUTE_MS, 50 * MINUTE_MS];
    expect(countAttempt(times, threeAnHour, 55 * MINUTE_MS)).toEqual({
      kind: "exhausted",
      retryAfterMs: 5 * MINUTE_MS,
    });
    expect(countAttempt(times, threeAnHour, HOUR_MS - 1)).toEqual({ kind: "exhausted", retryAfterMs: 1 });
    expect(countAttempt(times, threeAnHour, HOUR_MS)).toEqual({ kind: "counted", times: [...times.slice(1), HOUR_MS] });
  });

  test("that were refused are not counted: who asks all the time is let in as soon as who waits", () => {
    const impatient = Array.from({ length: 120 }, (_, minute) => minute * MINUTE_MS);
    expect(attemptsAt(impatient).map((ms) => ms / MINUTE_MS)).toEqual([0, 1, 2, 60, 61, 62]);
  });

  test("are never more than the limit in any stretch of the window's length, and a refusal says truly when to come again", () => {
    const anyLimit = fc.record({ most: fc.integer({ min: 1, max: 5 }), windowMs: fc.integer({ min: 1, max: 50 }) });
    const anySteps = fc.array(fc.nat(30), { maxLength: 60 });
    fc.assert(
      fc.property(anyLimit, anySteps, (limit, steps) => {
        let nowMs = 0;
        let times: readonly number[] = [];
        const made: number[] = [];
        const verdictsAfter: Counted["kind"][] = [];
        for (const step of steps) {
          nowMs += step;
          const counted = countAttempt(times, limit, nowMs);
          if (counted.kind === "counted") {
            times = counted.times;
            made.push(nowMs);
          } else {
            const againAtMs = nowMs + counted.retryAfterMs;
            for (const ms of [againAtMs - 1, againAtMs]) verdictsAfter.push(countAttempt(times, limit, ms).kind);
          }
        }
        expect(times.length).toBeLessThanOrEqual(limit.most);
        expect(verdictsAfter).toEqual(verdictsAfter.map((_, index) => (index % 2 === 0 ? "exhausted" : "counted")));
        for (const start of made) {
          const within = made.filter((ms) => ms >= start && ms < start + limit.windowMs);
          expect(within.length).toBeLessThanOrEqual(limit.most);
        }
      }),
    );
  });

  test("still count when the clock steps back, and never refuse for longer than a window", () => {
    const ahead = [10 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS];
    expect(countAttempt(ahead, threeAnHour, 0)).toEqual({ kind: "exhausted", retryAfterMs: HOUR_MS });
    expect(countAttempt([HOUR_MS, HOUR_MS, HOUR_MS], threeAnHour, 0).kind).toBe("counted");
  });
});

describe("failures in a row", () => {
  /** For how many minutes so many failures lock, with a threshold of 5. */
  function minutesAfter(failures: number): number {
    return lockedForMs(countFailure(5, failures - 1, 1_000), 1_000) / MINUTE_MS;
  }

  test("lock from the fifth on, twice as long with each, and never for more than an hour", () => {
    expect([1, 4, 5, 6, 7, 10, 11, 12, 2_000].map(minutesAfter)).toEqual([0, 0, 1, 2, 4, 32, 60, 60, 60]);
  });

  test("lock for what is left of the time, whatever the clock does", () => {
    const failures = { count: 5, lockedUntilMs: 90_000 };
    expect([30_000, 89_999, 90_000, 10 ** 12].map((nowMs) => lockedForMs(failures, nowMs))).toEqual([60_000, 1, 0, 0]);
    expect(lockedForMs({ count: 5, lockedUntilMs: 10 ** 12 }, 0)).toBe(HOUR_MS);
  });
});
