/**
 * Counts of microseconds by bucket, from which percentiles are read.
 *
 * Log-linear: below 8 each value has its own bucket, above it each power of two is cut into 8 of equal width. The middle of a
 * bucket is at most 1/16 = 6.25 % off any value in it, and {@link BUCKETS} buckets reach to 2^32 µs, over an hour.
 *
 * @see https://github.com/HdrHistogram/HdrHistogram, whose scheme it is with three bits of precision
 */
export type Histogram = ReadonlyMap<number, number>;

const STEPS = 8;
/** log2 of {@link STEPS}. */
const STEP_BITS = 3;
const LARGEST = 2 ** 32 - 1;

/** How many buckets there are: 8 exact ones, and 8 for each power of two from 2^3 to 2^31. */
export const BUCKETS = STEPS + STEPS * (32 - STEP_BITS);

/** The bucket of a value: an integer ≥ 0. Those beyond the last bucket are counted in it. */
export function bucketOf(micros: number): number {
  if (micros < STEPS) return micros;
  const capped = Math.min(micros, LARGEST);
  const exponent = 31 - Math.clz32(capped);
  const step = (capped >>> (exponent - STEP_BITS)) & (STEPS - 1);
  return STEPS * (exponent - STEP_BITS + 1) + step;
}

/** The middle of a bucket's values. */
export function middleOf(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const exponent = Math.floor(bucket / STEPS) - 1 + STEP_BITS;
  const width = 2 ** (exponent - STEP_BITS);
  const lowest = 2 ** exponent + (bucket % STEPS) * width;
  return lowest + (width - 1) / 2;
}

/**
 * The value below or at which so many percent of all lie (nearest rank), or null where nothing was counted.
 *
 * @param percent  in (0, 100]
 * @returns microseconds, at most 6.25 % off
 */
export function percentile(histogram: Histogram, percent: number): number | null {
  const buckets = [...histogram].toSorted(([one], [other]) => one - other);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let rest = Math.ceil((total * percent) / 100);
  for (const [bucket, count] of buckets) {
    rest -= count;
    if (rest <= 0) return middleOf(bucket);
  }
  return null;
}
