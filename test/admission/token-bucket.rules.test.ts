import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BucketLimit, type TokenBucket, fullBucket, refill } from "../../src/admission/token-bucket.rules.ts";

const CALL = 1_000_000; // micro-tokens
const limit: BucketLimit = { burst: 10, ratePerSecond: 4 };

const anyLimit = fc.record({
  burst: fc.integer({ min: 1, max: 50 }),
  ratePerSecond: fc.integer({ min: 1, max: 2_000 }),
});
/** A bucket as calls and time can leave it: anything from empty to full. */
const anyState = anyLimit.chain((chosen) =>
  fc.record({
    limit: fc.constant(chosen),
    bucket: fc.record({
      microTokens: fc.integer({ min: 0, max: chosen.burst * CALL }),
      updatedAtMs: fc.integer({ min: 0, max: 10_000_000 }),
    }),
  }),
);

/** Refill a bucket and take as many calls as are asked for and granted. */
function draw(bucket: TokenBucket, bounds: BucketLimit, nowMs: number, calls: number) {
  let current = bucket;
  let granted = 0;
  for (let call = 0; call < calls; call++) {
    const { microTokens, updatedAtMs } = refill(current, bounds, nowMs);
    if (microTokens < CALL) break;
    current = { microTokens: microTokens - CALL, updatedAtMs };
    granted += 1;
  }
  return { bucket: current, granted };
}

describe("a token bucket", () => {
  test("that nobody has drawn from holds its burst", () => {
    expect(fullBucket(limit, 5_000)).toEqual({ microTokens: 10 * CALL, updatedAtMs: 5_000 });
  });

  test("grants its burst at once, and then no more", () => {
    const { bucket, granted } = draw(fullBucket(limit, 0), limit, 0, 100);
    expect(granted).toBe(10);
    expect(bucket).toEqual({ microTokens: 0, updatedAtMs: 0 });
  });

  test("refills at its rate, in whole micro-tokens", () => {
    // 4 calls a second for 125 ms: 4 · 0.125 = 0.5 calls
    expect(refill({ microTokens: 0, updatedAtMs: 1_000 }, limit, 1_125)).toEqual({
      microTokens: 500_000,
      updatedAtMs: 1_125,
    });
    // 3 a second for 1 ms: 3,000 of a call's 1,000,000
    expect(refill({ microTokens: 0, updatedAtMs: 0 }, { burst: 1, ratePerSecond: 3 }, 1).microTokens).toBe(3_000);
  });

  test("refills to its burst and no further, however long it rests", () => {
    // 9.5 + 4 · 3,600 would be 14,409.5
    expect(refill({ microTokens: 9_500_000, updatedAtMs: 0 }, limit, 3_600_000).microTokens).toBe(10 * CALL);
    expect(refill({ microTokens: 0, updatedAtMs: 0 }, limit, Number.MAX_SAFE_INTEGER).microTokens).toBe(10 * CALL);
  });

  test("whose limit was lowered holds no more than the new burst", () => {
    expect(refill(fullBucket(limit, 0), { burst: 3, ratePerSecond: 4 }, 0).microTokens).toBe(3 * CALL);
  });

  test("is not touched by what is computed from it", () => {
    const bucket = Object.freeze({ microTokens: 1_500_000, updatedAtMs: 0 });
    refill(bucket, limit, 1_000);
    expect(bucket).toEqual({ microTokens: 1_500_000, updatedAtMs: 0 });
  });

  test("refills nothing when the clock steps back, loses nothing, and goes on from there", () => {
    const back = refill({ microTokens: 2 * CALL, updatedAtMs: 60_000 }, limit, 58_000);
    expect(back).toEqual({ microTokens: 2 * CALL, updatedAtMs: 58_000 });
    // 250 ms later: 2 + 4 · 0.25 = 3 calls
    expect(refill(back, limit, 58_250).microTokens).toBe(3 * CALL);
  });

  test("does not wait for a time that was wrong: it is full when the clock was ahead by more than it takes to fill", () => {
    // 10 calls at 4 a second: 2,500 ms
    expect(refill({ microTokens: 0, updatedAtMs: 60_000 }, limit, 57_500).microTokens).toBe(0);
    expect(refill({ microTokens: 0, updatedAtMs: 60_000 }, limit, 57_499).microTokens).toBe(10 * CALL);
  });
});

describe("whatever the calls and the clock", () => {
  const anySteps = fc.array(fc.record({ ms: fc.nat(3_000), calls: fc.nat(60) }), { maxLength: 30 });

  test("no more is granted than burst + rate · time, while the clock goes forward", () => {
    fc.assert(
      fc.property(anyLimit, anySteps, (bounds, steps) => {
        let bucket = fullBucket(bounds, 0);
        let nowMs = 0;
        let granted = 0;
        for (const { ms, calls } of steps) {
          nowMs += ms;
          const drawn = draw(bucket, bounds, nowMs, calls);
          ({ bucket } = drawn);
          granted += drawn.granted;
          expect(granted * 1_000).toBeLessThanOrEqual(bounds.burst * 1_000 + bounds.ratePerSecond * nowMs);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("nothing is lost to rounding: who takes all there is before it overflows gets burst + rate · time, rounded down", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 50 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), steps, (ratePerSecond, stepsMs) => {
        // At most 100 a second for 200 ms: 20 calls and the rest of the one before, below 21.
        const bounds = { burst: 21, ratePerSecond };
        let bucket = fullBucket(bounds, 0);
        let nowMs = 0;
        let granted = draw(bucket, bounds, 0, 100).granted;
        bucket = draw(bucket, bounds, 0, 100).bucket;
        for (const ms of stepsMs) {
          nowMs += ms;
          const drawn = draw(bucket, bounds, nowMs, 100);
          ({ bucket } = drawn);
          granted += drawn.granted;
        }
        expect(granted).toBe(Math.floor((21 * 1_000 + ratePerSecond * nowMs) / 1_000));
      }),
      { numRuns: 500 },
    );
  });

  test("looking at a bucket in between, as a refused call does, changes nothing of what comes later", () => {
    fc.assert(
      fc.property(anyState, fc.nat(5_000), fc.nat(5_000), ({ limit: bounds, bucket }, first, second) => {
        const laterMs = bucket.updatedAtMs + first + second;
        const seen = refill(bucket, bounds, bucket.updatedAtMs + first);
        expect(refill(seen, bounds, laterMs)).toEqual(refill(bucket, bounds, laterMs));
      }),
    );
  });

  test("it holds neither less than nothing nor more than its burst, and whole micro-tokens, on any clock", () => {
    const anyClock = fc.array(fc.record({ nowMs: fc.nat(100_000), calls: fc.nat(60) }), { maxLength: 30 });
    fc.assert(
      fc.property(anyLimit, anyClock, (bounds, moments) => {
        let bucket = fullBucket(bounds, 50_000);
        for (const { nowMs, calls } of moments) {
          const before = bucket.microTokens;
          const refilled = refill(bucket, bounds, nowMs);
          // A step back takes nothing away.
          expect(refilled.microTokens).toBeGreaterThanOrEqual(before);
          ({ bucket } = draw(bucket, bounds, nowMs, calls));
          expect(Number.isSafeInteger(bucket.microTokens)).toBe(true);
          expect(bucket.microTokens).toBeGreaterThanOrEqual(0);
          expect(bucket.microTokens).toBeLessThanOrEqual(bounds.burst * CALL);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
