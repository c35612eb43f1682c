import { fnv1a } from "../shared/fnv1a.ts";
import type { ModelId } from "../shared/ids.ts";

/** How callers who name no version are spread: percent by version number, as a string. The weights sum to 100. */
export type Traffic = Readonly<Record<string, number>>;

/** What serves callers who name no version: the alias production, unless there is traffic. */
export interface Serving {
  readonly version: number;
  readonly traffic: Traffic | null;
}

/** What a caller may send as X-Routing-Key: 1 to 256 visible characters. */
export const ROUTING_KEY = /^[\x21-\x7e]{1,256}$/;

/** Weights are percent: whole ones. */
const WEIGHT_SUM = 100;

/** Why weights can't be traffic, or undefined. Whether the versions exist is not said here. */
export function faultOfWeights(weights: Traffic): string | undefined {
  const mistyped = Object.keys(weights).find((number) => !/^[1-9]\d{0,8}$/.test(number));
  if (mistyped !== undefined) return `"${mistyped}" is no version's number`;
  const values = Object.values(weights);
  const isPercent = (weight: number): boolean => Number.isInteger(weight) && weight >= 0 && weight <= WEIGHT_SUM;
  if (!values.every(isPercent)) return `each weight must be a whole number from 0 to ${WEIGHT_SUM}`;
  const sum = values.reduce((total, weight) => total + weight, 0);
  return sum === WEIGHT_SUM ? undefined : `the weights must sum to ${WEIGHT_SUM}, these sum to ${sum}`;
}

/** Traffic without the versions that get none of it. */
export function withoutIdle(weights: Traffic): Traffic {
  return Object.fromEntries(Object.entries(weights).filter(([, weight]) => weight > 0));
}

/**
 * Pick the version that serves a caller: always the same one while the weights stand.
 *
 * Weighted rendezvous hashing: each version draws u in (0, 1) from the hash of model, caller and version, and the highest
 * −weight / ln u wins. A version whose share grows takes callers from those whose share shrinks, and nobody else moves.
 *
 * @param routingKey  who is calling
 * @returns the version's number; undefined when no version has any weight
 * @see Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (2005), the logarithmic method
 */
export function pickVersion(traffic: Traffic, modelId: ModelId, routingKey: string): number | undefined {
  const caller = fnv1a(`${modelId} ${routingKey}`);
  let picked: number | undefined;
  let highest = 0;
  for (const [number, weight] of Object.entries(traffic)) {
    const draw = (mix(caller ^ mix(Number(number))) + 0.5) / 2 ** 32;
    const score = -weight / Math.log(draw);
    if (score <= highest) continue;
    highest = score;
    picked = Number(number);
  }
  return picked;
}

/** Spread every bit over all 32: the finalizer of MurmurHash3. The result is unsigned. */
function mix(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
