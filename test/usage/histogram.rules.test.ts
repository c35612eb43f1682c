import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUCKETS, bucketOf, middleOf, percentile } from "../../src/usage/histogram.rules.ts";

const micros = fc.oneof(
  fc.integer({ min: 0, max: 2_000 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.integer({ min: 0, max: 31 }).map((exponent) => 2 ** exponent),
);

function histogramOf(values: readonly number[]): Map<number, number> {
  const histogram = new Map<number, number>();
  for (const value of values) histogram.set(bucketOf(value), (histogram.get(bucketOf(value)) ?? 0) + 1);
  return histogram;
}

describe("a bucket", () => {
  test("below 8 holds one value, from 8 on an eighth of a power of two", () => {
    expect([0, 1, 7].map(bucketOf)).toEqual([0, 1, 7]);
    // 16 to 31 in eight buckets of 2: 16 and 17 in the first, which is the 17th: 8 + 8 (of 8 to 15) + 0.
    expect([8, 15, 16, 17, 18, 31, 32, 35, 36].map(bucketOf)).toEqual([8, 15, 16, 16, 17, 23, 24, 24, 25]);
    expect(middleOf(16)).toBe(16.5); // (16 + 17) / 2
    expect(middleOf(24)).toBe(33.5); // (32 + 35) / 2
  });

  test("has a middle that lies in it, at most 6.25 % from each of its values", () => {
    fc.assert(
      fc.property(micros, (value) => {
        const middle = middleOf(bucketOf(value));
        expect(Math.abs(middle - value)).toBeLessThanOrEqual(value / 16);
        expect(bucketOf(Math.floor(middle))).toBe(bucketOf(value));
      }),
      { numRuns: 2_000 },
    );
  });

  test("is never before that of a smaller value, and there are 240", () => {
    expect(BUCKETS).toBe(240); // 8 + 8 · 29
    expect(bucketOf(2 ** 32 - 1)).toBe(BUCKETS - 1);
    fc.assert(
      fc.property(micros, micros, (one, other) => {
        expect(bucketOf(Math.min(one, other))).toBeLessThanOrEqual(bucketOf(Math.max(one, other)));
      }),
    );
  });

  test("takes what lies beyond the last one", () => {
    for (const value of [2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]) expect(bucketOf(value)).toBe(BUCKETS - 1);
  });
});

describe("a percentile", () => {
  test("of 1 to 7, each once, is exact", () => {
    const histogram = histogramOf([1, 2, 3, 4, 5, 6, 7]);
    // Nearest rank: 7 · 0.5 = 3.5, the 4th; 7 · 0.95 = 6.65, the 7th; 7 · 0.1 = 0.7, the 1st.
    expect([50, 95, 100, 10].map((percent) => percentile(histogram, percent))).toEqual([4, 7, 7, 1]);
  });

  test("of nothing is none", () => {
    expect(percentile(new Map(), 50)).toBeNull();
  });

  test("is at most 7 % from that of the values themselves, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.array(micros, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const sorted = values.toSorted((one, other) => one - other);
          const exact = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0;
          const estimate = percentile(histogramOf(values), percent) ?? Number.NaN;
          expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * 0.07);
        },
      ),
      { numRuns: 500 },
    );
  });
});
