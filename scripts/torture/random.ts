import { fnv1a } from "../../src/shared/fnv1a.ts";

/** A source of numbers drawn evenly from [0, 1). */
export type Random = () => number;

/**
 * The numbers that a seed gives to one purpose: the same ones in every run, and others for every other purpose.
 *
 * @see Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014); mulberry32, its 32-bit form
 */
export function randomStream(seed: number, purpose: string): Random {
  let state = fnv1a(`${seed} ${purpose}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`, both included. */
export function wholeBetween(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}
