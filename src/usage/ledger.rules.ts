import type { Runtime } from "../models/models.rules.ts";
import type { EntryId, CallerId, ModelId, VersionId } from "../shared/ids.ts";

/**
 * How an admitted inference ended.
 *
 * - `pending`: admitted and charged, not yet settled
 * - `ok`: an answer was given; charged
 * - `rejected`: the request or the model was at fault (400, 422); not charged
 * - `failed`: we were at fault (5xx); refunded
 * - `unsettled`: nobody said how it ended before its lease was over; charged, since an answer may have been given
 */
export const OUTCOMES = ["pending", "ok", "rejected", "failed", "unsettled"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What an inference costs: a price each, and a price for its compute time. Both integer micro-dollars ≥ 0. */
export interface Rates {
  readonly inferenceMicroUsd: number;
  readonly computeSecondMicroUsd: number;
}

/** What an inference was charged to: who called, what ran, at which rates. It stays the same from its charge to its settlement. */
export interface Charged {
  readonly entryId: EntryId;
  /** When it was admitted, ms since 1970. */
  readonly atMs: number;
  readonly keyId: CallerId;
  readonly modelId: ModelId;
  readonly model: string;
  readonly versionId: VersionId;
  readonly version: number;
  readonly runtime: Runtime;
  readonly rates: Rates;
  /** The idempotency key as the caller gave it. */
  readonly idempotencyKey: string | null;
}

/** What is known of an inference once it has ended. */
export interface Settlement {
  readonly entryId: EntryId;
  readonly outcome: Exclude<Outcome, "pending">;
  /** The code of the problem that a rejected or failed inference was answered with. */
  readonly reason: string | undefined;
  /** From handing the request to the model's isolate until its answer began, rounded up to milliseconds. */
  readonly computeMs: number;
  /** Waiting for something to run on, in microseconds. */
  readonly queueMicros: number;
  /** Running, in microseconds. */
  readonly computeMicros: number;
  /** Whether the version had to be started for it. */
  readonly isColdStart: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The figures of an inference that did not run, or of which nobody said how it ran. */
export const NO_FIGURES: Omit<Settlement, "entryId" | "outcome" | "reason"> = {
  computeMs: 0,
  queueMicros: 0,
  computeMicros: 0,
  isColdStart: false,
  bytesIn: 0,
  bytesOut: 0,
};

/** What a row of the ledger adds to what was used and owed. Sums over all rows are the truth. */
export interface Delta {
  readonly units: number;
  readonly costMicroUsd: number;
  readonly computeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What may pass beside the run itself: a cold start, the answer's way out, the settlement's way back. */
const SETTLING_MS = 50_000;

/** How long an unsettled inference counts as running, in milliseconds: longer than the tenant's runs may take. */
export function runningLeaseMs(runLimitMs: number): number {
  return runLimitMs + SETTLING_MS;
}

/** Units charged for an outcome: only answers cost, and what may have been one. */
export function chargedUnits(outcome: Outcome): 0 | 1 {
  return outcome === "rejected" || outcome === "failed" ? 0 : 1;
}

/** What an inference costs from its admission on, before anything is known of its run. */
export function chargeOf(rates: Rates): Delta {
  return { units: 1, costMicroUsd: rates.inferenceMicroUsd, computeMs: 0, bytesIn: 0, bytesOut: 0 };
}

/**
 * What an inference's end adds to its charge.
 *
 * cost = ceil(computeMs · computeSecondMicroUsd / 1000) for one that is charged; −price for one that isn't
 *
 * Compute time is priced up to the limit that the run was admitted with, so that it can't pass what was held for it.
 *
 * @param runLimitMs  the limit that the run was admitted with
 */
export function settlementOf(charged: Charged, settlement: Settlement, runLimitMs: number): Delta {
  const { outcome, bytesIn, bytesOut } = settlement;
  const isCharged = chargedUnits(outcome) === 1;
  const computeMs = Math.min(settlement.computeMs, runLimitMs);
  const { inferenceMicroUsd, computeSecondMicroUsd } = charged.rates;
  return {
    units: isCharged ? 0 : -1,
    costMicroUsd: isCharged ? Math.ceil((computeMs * computeSecondMicroUsd) / 1000) : -inferenceMicroUsd,
    computeMs,
    bytesIn,
    bytesOut,
  };
}
