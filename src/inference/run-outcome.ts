import { INFERENCE_HEADER_LENGTH } from "../../engine/contract.ts";
import type { EngineRefusal } from "../../engine/refusal.ts";

/** What of the engine's answer is the caller's. */
export const ANSWER_HEADERS = ["Content-Type", "Content-Length", INFERENCE_HEADER_LENGTH];

/** The header that tells the hash of the ledger's row, of an answer that is given again too. */
export const RECEIPT = "Tensorgate-Receipt";

/** A run as it is asked of a runtime; the body is not opened on the way there. */
export interface Run {
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** What the engine must know of the body, and what the answer calls the model. */
  readonly headers: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** How a run ended. Only an answer is charged. */
export type RunOutcome =
  | { readonly kind: "answered"; readonly response: Response }
  | { readonly kind: "rejected"; readonly refusal: EngineRefusal }
  | RunFailure;

/** A run that failed on our side, or on that of the tenant's own server. */
export interface RunFailure {
  readonly kind: "failed";
  /** The problem that the caller is told. */
  readonly code: "runtime-failed" | "run-timed-out" | "backend-unavailable" | "overloaded";
  /** A sentence for the caller. */
  readonly detail: string;
  /** For the log only. */
  readonly cause?: unknown;
  readonly retryAfterSeconds?: number;
}

/** A run that took longer than it may. What ran it is thrown away. */
export function timedOut(limitMs: number): RunFailure {
  const detail = `The run took longer than ${limitMs} ms, which is its limit, and was ended; the call is not charged.`;
  return { kind: "failed", code: "run-timed-out", detail };
}
