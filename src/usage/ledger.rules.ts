import type { EntryId } from "../shared/ids.ts";

/**
 * How an admitted inference ended.
 *
 * - `pending`: admitted and charged, not yet settled
 * - `ok`: an answer was given; charged
 * - `rejected`: the request or the model was at fault (400, 422); not charged
 * - `failed`: we were at fault (5xx); refunded
 */
export type Outcome = "pending" | "ok" | "rejected" | "failed";

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

/** What may pass beside the run itself: a cold start, the answer's way out, the settlement's way back. */
const SETTLING_MS = 50_000;

/** How long an unsettled inference counts as running, in milliseconds: longer than the tenant's runs may take. */
export function runningLeaseMs(runLimitMs: number): number {
  return runLimitMs + SETTLING_MS;
}

/** Units charged for an outcome: only answers cost. */
export function chargedUnits(outcome: Outcome): 0 | 1 {
  return outcome === "pending" || outcome === "ok" ? 1 : 0;
}

/** What an idempotency key's earlier, charged request means to its repetition now. */
export function claimState(outcome: Outcome, ageMs: number, leaseMs: number): "running" | "charged" {
  return outcome === "pending" && ageMs < leaseMs ? "running" : "charged";
}
