import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import { newId } from "../shared/ids.ts";
import { logFault } from "../shared/log.ts";
import type { Refusal } from "./admission.rules.ts";
import { sealAnswer, unsealAnswer } from "./answers.service.ts";
import {
  CLAIM_LEASE_MS,
  CLAIM_TTL_MS,
  type Held,
  type Idempotency,
  type KeptAnswers,
  type Repeated,
  claimId,
  repetitionOf,
} from "./claims.rules.ts";
import {
  findOperatorClaim,
  keepOperatorAnswer,
  releaseOperatorClaim,
  takeOperatorClaim,
} from "./operator-claims.store.ts";

/** What a row of D1 takes of an answer: half of what D1 allows. */
const MAX_ANSWER_BYTES = 1024 ** 2;

/** What an operator's idempotency key means: the request is the first, or what is answered instead. */
export type OperatorClaim =
  | { readonly kind: "taken"; readonly held: Held }
  | ({ readonly kind: "repeated" } & Repeated)
  | Extract<Refusal, { kind: "idempotency-in-flight" | "idempotency-mismatch" }>;

/** The operator's idempotency keys: as a tenant's, but in D1, because no cell is the operator's. */
export interface OperatorClaims extends KeptAnswers {
  begin(idempotency: Idempotency): Promise<OperatorClaim>;
}

/** Keys and their answers in D1. */
export function operatorClaims(
  db: () => Database,
  { now, masterKey }: { now: Clock; masterKey: string },
): OperatorClaims {
  return {
    begin: async (idempotency) => await begin(db(), idempotency, now()),
    conclude: async (held, answer) => {
      const sealed = await sealAnswer(masterKey, placeOf(held), answer);
      if (sealed && sealed.body.byteLength <= MAX_ANSWER_BYTES) return await keepOperatorAnswer(db(), held, sealed);
      if (sealed) logFault("An answer is too large to be kept for its idempotency key.", { ...held });
      return await releaseOperatorClaim(db(), held);
    },
    recall: async ({ entryId, answer }) => {
      if (!(answer.body instanceof Uint8Array)) throw new Error("D1 keeps the operator's answers itself.");
      return await unsealAnswer(masterKey, placeOf({ entryId }), answer, answer.body);
    },
  };
}

function placeOf({ entryId }: Pick<Held, "entryId">): string {
  return `operator ${entryId}`;
}

async function begin(db: Database, idempotency: Idempotency, nowMs: number): Promise<OperatorClaim> {
  const id = claimId(idempotency);
  const { fingerprint, leaseMs = CLAIM_LEASE_MS } = idempotency;
  const entryId = newId("ent", nowMs);
  const isTaken = await takeOperatorClaim(db, id, {
    entryId,
    fingerprint,
    startedAtMs: nowMs,
    leaseEndsAtMs: nowMs + leaseMs,
    expiresAtMs: nowMs + CLAIM_TTL_MS,
  });
  if (isTaken) return { kind: "taken", held: { claimId: id, entryId } };
  const repetition = repetitionOf(await findOperatorClaim(db, id), fingerprint, nowMs);
  // Given back between the two statements: the next try will have it.
  const isFree = repetition.kind === "first" || repetition.kind === "unanswered";
  return isFree ? { kind: "idempotency-in-flight", entryId } : repetition;
}
