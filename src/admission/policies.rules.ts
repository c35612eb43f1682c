import type { BucketLimit } from "./token-bucket.rules.ts";
import type { Window } from "./windows.rules.ts";

/** What a route does, for limits: each class has buckets of its own. */
export const ENDPOINTS = ["read", "write", "infer", "admin"] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

/** Who shares a limit: the whole tenant, the holders of one key, or the callers of one model. */
export const SUBJECTS = ["tenant", "key", "model"] as const;

export type Subject = (typeof SUBJECTS)[number];

/** What a quota counts. Bytes and compute time are those of inferences; money is in millionths of a dollar. */
export const UNITS = ["requests", "inferences", "compute_ms", "bytes_in", "bytes_out", "micro_usd"] as const;

export type Unit = (typeof UNITS)[number];

/** How fast: a token bucket. */
export interface RateLimit extends BucketLimit {
  readonly name: string;
  readonly per: Subject;
  readonly endpoint: Endpoint;
}

/** How much in a window of time. A soft one never refuses; it is there to be told about. */
export interface Quota {
  readonly name: string;
  readonly per: Subject;
  readonly unit: Unit;
  readonly window: Window;
  readonly limit: number;
  readonly isSoft: boolean;
}

/** How many inferences at a time. */
export interface ConcurrencyLimit {
  readonly name: string;
  readonly per: Subject;
  readonly limit: number;
}

/** Everything that bounds a caller. Each name is given once. */
export interface Limits {
  readonly rates: readonly RateLimit[];
  readonly quotas: readonly Quota[];
  readonly concurrency: readonly ConcurrencyLimit[];
}
