import type { CallerId, ModelId, VersionId } from "../shared/ids.ts";
import type { Runtime } from "../models/models.rules.ts";
import type { Charged, Delta, Outcome } from "./ledger.rules.ts";

/** The lengths of time that usage is kept in, in milliseconds: younger usage in finer ones. */
export const SPAN_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
export type Span = keyof typeof SPAN_MS;

/** When the span began that a moment falls into, in UTC. */
export function startOf(span: Span, atMs: number): number {
  return Math.floor(atMs / SPAN_MS[span]) * SPAN_MS[span];
}

/** What the usage of one span is kept apart by. */
export interface RollupKey {
  readonly startMs: number;
  readonly keyId: CallerId;
  readonly modelId: ModelId;
  readonly model: string;
  readonly versionId: VersionId;
  readonly version: number;
  readonly runtime: Runtime;
  readonly outcome: Outcome;
}

/** Sums over ledger rows, and how many inferences ended in this outcome. */
export interface RollupSums extends Delta {
  readonly count: number;
}

export type RollupRow = RollupKey & RollupSums;

/**
 * What a batch of ledger rows changes in the usage by minute, each sum to be written once.
 *
 * An inference is counted in the minute of its admission, whenever it is settled: its settlement moves it from `pending` to its
 * outcome.
 */
export class RollupChanges {
  readonly #rows = new Map<string, RollupRow>();

  get rows(): Iterable<RollupRow> {
    return this.#rows.values();
  }

  charge(charged: Charged, delta: Delta): void {
    this.#add(charged, "pending", delta, 1);
  }

  /** @param charge  what the inference was charged at its admission */
  settle(charged: Charged, outcome: Outcome, charge: Delta, settlement: Delta): void {
    this.#add(charged, "pending", negative(charge), -1);
    this.#add(charged, outcome, sum(charge, settlement), 1);
  }

  #add(charged: Charged, outcome: Outcome, delta: Delta, count: number): void {
    const { keyId, modelId, model, versionId, version, runtime, atMs } = charged;
    const startMs = startOf("minute", atMs);
    const id = `${startMs} ${keyId} ${versionId} ${outcome}`;
    const before = this.#rows.get(id);
    const added = before ? { ...sum(before, delta), count: before.count + count } : { ...delta, count };
    this.#rows.set(id, { startMs, keyId, modelId, model, versionId, version, runtime, outcome, ...added });
  }
}

function sum(a: Delta, b: Delta): Delta {
  return {
    units: a.units + b.units,
    costMicroUsd: a.costMicroUsd + b.costMicroUsd,
    computeMs: a.computeMs + b.computeMs,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}

function negative({ units, costMicroUsd, computeMs, bytesIn, bytesOut }: Delta): Delta {
  return { units: -units, costMicroUsd: -costMicroUsd, computeMs: -computeMs, bytesIn: -bytesIn, bytesOut: -bytesOut };
}
