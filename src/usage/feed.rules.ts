import type { LimitState } from "../admission/limit-states.rules.ts";
import type { Subject } from "../admission/policies.rules.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { ModelId } from "../shared/ids.ts";
import { bucketOf, percentile } from "./histogram.rules.ts";
import type { Charged, Delta, Settlement } from "./ledger.rules.ts";

/** What a batch did that listeners hear of. An inference that runs again for its idempotency key is not admitted twice. */
export type FeedEvent =
  | { readonly kind: "admitted"; readonly charged: Charged; readonly delta: Delta }
  | {
      readonly kind: "refused";
      readonly keyId: string;
      readonly modelId: ModelId | undefined;
      readonly reason: string;
    }
  | { readonly kind: "settled"; readonly charged: Charged; readonly delta: Delta; readonly settlement: Settlement };

/** A limit as the feed shows it. */
export type LimitFrame = {
  readonly name: string;
  readonly per: Subject;
  /** The key's id or the model's name that it stands so for; null for the tenant. */
  readonly subject: string | null;
  readonly limit: number;
  readonly remaining: number;
  /** What is counted, where it isn't calls. */
  readonly unit: string | null;
  /** Seconds until there is more than now; null where time alone brings nothing. */
  readonly reset_seconds: number | null;
};

/** The first frame: how things stand. */
export type HelloFrame = {
  readonly type: "hello";
  readonly protocol: 1;
  readonly server_time: string;
  readonly in_flight: number;
  readonly limits: readonly LimitFrame[];
};

/** Percentiles in milliseconds, at most 6.25 % off; null where nothing was measured. */
type Percentiles = { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };

/** What happened in one second. Sums over all ticks are what the ledger took on meanwhile. */
export type TickFrame = {
  readonly type: "tick";
  /** When the second began. */
  readonly at: string;
  readonly admitted: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly settled: Readonly<Record<Settlement["outcome"], number>>;
  /** Of those that were answered. */
  readonly compute_latency_ms: Percentiles;
  readonly queue_latency_ms: Percentiles;
  readonly compute_ms: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  /** Below 0 where more was given back than taken. */
  readonly cost_micro_usd: number;
  /** As of the end of the second. */
  readonly in_flight: number;
  readonly limits: readonly LimitFrame[];
};

/** The last frame, before the socket is closed by the server. */
export type ByeFrame = { readonly type: "bye"; readonly reason: string };

/** How long a second is, in milliseconds. */
const SECOND_MS = 1000;

const MAX_SUBJECTS = 100;

/** The start of the second that a moment falls into. */
export function secondOf(nowMs: number): number {
  return Math.floor(nowMs / SECOND_MS) * SECOND_MS;
}

/** How long the second of a moment still lasts, in milliseconds: 1 to 1000. */
export function restOfSecondMs(nowMs: number): number {
  return secondOf(nowMs) + SECOND_MS - nowMs;
}

/** Adds up what happens in one second. */
export class Second {
  readonly startMs: number;
  /** Whose limits the second's inferences counted for: the first hundred, so that a frame stays small. */
  readonly keyIds = new Set<string>();
  readonly modelIds = new Set<ModelId>();
  readonly #refused: Record<string, number> = {};
  readonly #settled = { ok: 0, rejected: 0, failed: 0, unsettled: 0 };
  readonly #compute = new Map<number, number>();
  readonly #queue = new Map<number, number>();
  #admitted = 0;
  #computeMs = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #costMicroUsd = 0;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  count(event: FeedEvent): void {
    if (event.kind === "refused") {
      this.#refused[event.reason] = (this.#refused[event.reason] ?? 0) + 1;
      this.#touch(event.keyId, event.modelId);
      return;
    }
    this.#touch(event.charged.keyId, event.charged.modelId);
    this.#add(event.delta);
    if (event.kind === "admitted") this.#admitted += 1;
    else this.#settle(event.settlement);
  }

  tick(inFlight: number, limits: readonly LimitFrame[]): TickFrame {
    return {
      type: "tick",
      at: toTimestamp(this.startMs),
      admitted: this.#admitted,
      refused: this.#refused,
      settled: this.#settled,
      compute_latency_ms: percentilesMs(this.#compute),
      queue_latency_ms: percentilesMs(this.#queue),
      compute_ms: this.#computeMs,
      bytes_in: this.#bytesIn,
      bytes_out: this.#bytesOut,
      cost_micro_usd: this.#costMicroUsd,
      in_flight: inFlight,
      limits,
    };
  }

  #touch(keyId: string, modelId: ModelId | undefined): void {
    if (this.keyIds.size < MAX_SUBJECTS) this.keyIds.add(keyId);
    if (modelId !== undefined && this.modelIds.size < MAX_SUBJECTS) this.modelIds.add(modelId);
  }

  #add({ computeMs, bytesIn, bytesOut, costMicroUsd }: Delta): void {
    this.#computeMs += computeMs;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    this.#costMicroUsd += costMicroUsd;
  }

  #settle({ outcome, computeMicros, queueMicros }: Settlement): void {
    this.#settled[outcome] += 1;
    if (outcome !== "ok") return;
    countIn(this.#compute, bucketOf(computeMicros));
    countIn(this.#queue, bucketOf(queueMicros));
  }
}

function countIn(histogram: Map<number, number>, bucket: number): void {
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1);
}

function percentilesMs(histogram: ReadonlyMap<number, number>): Percentiles {
  const at = (percent: number): number | null => {
    const micros = percentile(histogram, percent);
    return micros === null ? null : micros / 1000;
  };
  return { p50: at(50), p95: at(95), p99: at(99) };
}

/** Limits of one subject as the feed shows them. */
export function limitFrames(
  [per, subject]: readonly [per: Subject, subject: string | null],
  states: readonly LimitState[],
): LimitFrame[] {
  return states.map(({ policy, quota, unit, windowSeconds, remaining, resetMs }) => {
    const resets = windowSeconds === undefined || resetMs === undefined ? null : Math.ceil(resetMs / 1000);
    return { name: policy, per, subject, limit: quota, remaining, unit: unit ?? null, reset_seconds: resets };
  });
}
