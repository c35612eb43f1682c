import type { EntryId, VersionId } from "../shared/ids.ts";
import type { Settlement } from "../usage/ledger.rules.ts";

/** How long an idempotency key stands for its first request, in milliseconds. */
export const CLAIM_TTL_MS = 24 * 3_600_000;

/** How long the holder of a key may take for a request that runs no model, in milliseconds. */
export const CLAIM_LEASE_MS = 120_000;

/** The same for a request whose body is streamed, as an upload's is, in milliseconds. */
export const UPLOAD_LEASE_MS = 15 * 60_000;

/** A caller's promise that requests with the same key are the same request. */
export interface Idempotency {
  /** The key as the caller gave it. */
  readonly key: string;
  /** The route that it was given to: the same key means another request on another route. */
  readonly route: string;
  /** SHA-256 over the path and the payload. */
  readonly fingerprint: string;
  /** How long the request may take before a repetition takes its place, in ms; what the cell thinks right if left out. */
  readonly leaseMs?: number;
}

/** A request's hold of its key: what it must show to end it. */
export interface Held {
  readonly claimId: string;
  readonly entryId: EntryId;
}

/** An answer that is kept to be given again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, or where R2 keeps it. */
  readonly body: Uint8Array<ArrayBuffer> | { readonly objectKey: string };
}

/** An answer with its body at hand. */
export interface WholeAnswer extends StoredAnswer {
  readonly body: Uint8Array<ArrayBuffer>;
}

/** How a request with an idempotency key ended: what is to be answered again, or that the key is free again. */
export interface Conclusion extends Held {
  readonly answer: StoredAnswer | undefined;
}

/** How an inference ended, and what is to be answered again under its idempotency key, if it has one. */
export interface Ended extends Settlement {
  readonly claimId?: string | undefined;
  readonly answer?: StoredAnswer | undefined;
}

/** What the cell knows of an idempotency key. */
export interface Claim {
  /** The ledger entry that the first request was charged to, or an id of the claim itself where nothing is charged. */
  readonly entryId: EntryId;
  readonly fingerprint: string;
  /** The inference that holds the key now: an earlier one's entry stays the claim's. Undefined where it runs no model. */
  readonly holderId?: EntryId | undefined;
  /** What the first request ran on; undefined where it ran no model. */
  readonly versionId: VersionId | undefined;
  readonly startedAtMs: number;
  /** Until when the first request counts as running, while it has not ended. */
  readonly leaseEndsAtMs: number;
  readonly expiresAtMs: number;
  /** `running` until the cell is told how it ended. */
  readonly state: "running" | "ended";
  /** What was answered, where that was told. */
  readonly answer: StoredAnswer | undefined;
}

/** What a repetition of a request meets. */
export type Repetition =
  /** Nobody has used the key, or its time is over: this is the first request. */
  | { readonly kind: "first" }
  | { readonly kind: "idempotency-mismatch"; readonly entryId: EntryId }
  | { readonly kind: "idempotency-in-flight"; readonly entryId: EntryId }
  /** The first request ended, and this is what it was answered. */
  | { readonly kind: "repeated"; readonly entryId: EntryId; readonly answer: StoredAnswer }
  /** The first request was let in, but what became of its answer is not known: its holder died. It may run again. */
  | { readonly kind: "unanswered"; readonly claim: Claim };

/** An answer of before, as it was stored. */
export type Repeated = Pick<Extract<Repetition, { kind: "repeated" }>, "entryId" | "answer">;

/**
 * Where the answers to requests with an idempotency key are kept: in the tenant's cell, or for operators in D1.
 *
 * Bodies are sealed there: an answer may hold a secret that is shown once, such as a new key.
 */
export interface KeptAnswers {
  /**
   * End a request's hold of its key; when it returns, the answer is kept.
   *
   * @param answer  undefined: there is none to be given again, and the key is free
   */
  conclude(held: Held, answer: WholeAnswer | undefined): Promise<void>;
  /** @throws when the answer is lost, or was sealed with another master key */
  recall(repeated: Repeated): Promise<WholeAnswer>;
}

/**
 * Tell what a request with a key means.
 *
 * @param askerId  the inference that asks: its own hold, of whose granting it never heard, does not stand in its way
 */
export function repetitionOf(
  claim: Claim | undefined,
  fingerprint: string,
  nowMs: number,
  askerId?: EntryId,
): Repetition {
  if (!claim || nowMs >= claim.expiresAtMs) return { kind: "first" };
  const { entryId, answer } = claim;
  if (claim.fingerprint !== fingerprint) return { kind: "idempotency-mismatch", entryId };
  const isOwn = askerId !== undefined && claim.holderId === askerId;
  if (claim.state === "running" && !isOwn && nowMs < claim.leaseEndsAtMs) {
    return { kind: "idempotency-in-flight", entryId };
  }
  return answer ? { kind: "repeated", entryId, answer } : { kind: "unanswered", claim };
}

/** The name under which the cell keeps a key. */
export function claimId({ route, key }: Pick<Idempotency, "route" | "key">): string {
  return `${route} ${key}`;
}
