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
  /** From handing the request to the model's isolate until its answer began, rounded up to milliseconds. */
  readonly computeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** How long an unsettled inference counts as running, in milliseconds: longer than any run may take. */
export const RUNNING_LEASE_MS = 60_000;

/** Units charged for an outcome: only answers cost. */
export function chargedUnits(outcome: Outcome): 0 | 1 {
  return outcome === "pending" || outcome === "ok" ? 1 : 0;
}

/** What an idempotency key's earlier, charged request means to its repetition now. */
export function claimState(outcome: Outcome, ageMs: number): "running" | "charged" {
  return outcome === "pending" && ageMs < RUNNING_LEASE_MS ? "running" : "charged";
}
