/** Numbers that look random and are the same in every run with the same seed. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  /** The time to the next of events that come independently of each other, in the unit of the mean. */
  exponential(mean: number): number;
}

/**
 * The generator SplitMix32: 32 bits of state, enough for a simulation.
 *
 * @see https://doi.org/10.1145/2714064.2660195, Steele, Lea, Flood: Fast splittable pseudorandom number generators
 */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    happens: (probability) => next() < probability,
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}
