import { describe, expect, test } from "vitest";
import { CLAIM_TTL_MS, type Claim, claimId, repetitionOf } from "../../src/admission/claims.rules.ts";
import { newId } from "../../src/shared/ids.ts";

const entryId = newId("ent", 0);
const answer = { status: 200, headers: {}, body: new Uint8Array([1]) };
const claim: Claim = {
  entryId,
  fingerprint: "f",
  versionId: undefined,
  startedAtMs: 1_000,
  leaseEndsAtMs: 5_000,
  expiresAtMs: 9_000,
  state: "running",
  answer: undefined,
};
const ended: Claim = { ...claim, state: "ended" };

describe("a request with an idempotency key", () => {
  test("is the first where nobody has used the key, or its time is over", () => {
    expect(repetitionOf(undefined, "f", 0)).toEqual({ kind: "first" });
    expect(repetitionOf({ ...ended, answer }, "f", 9_000)).toEqual({ kind: "first" });
    expect(repetitionOf(claim, "another", 9_000)).toEqual({ kind: "first" });
  });

  test("is another than the first where its payload is, whatever became of that", () => {
    for (const first of [claim, ended, { ...ended, answer }]) {
      expect(repetitionOf(first, "another", 2_000)).toEqual({ kind: "idempotency-mismatch", entryId });
    }
  });

  test("waits while the first runs, and no longer than its lease", () => {
    expect(repetitionOf(claim, "f", 4_999)).toEqual({ kind: "idempotency-in-flight", entryId });
    expect(repetitionOf(claim, "f", 5_000)).toEqual({ kind: "unanswered", claim });
  });

  test("does not wait for itself: whoever holds the key may ask twice", () => {
    const held = { ...claim, holderId: newId("ent", 7) };
    expect(repetitionOf(held, "f", 4_999, held.holderId)).toEqual({ kind: "unanswered", claim: held });
    expect(repetitionOf(held, "f", 4_999, newId("ent", 8)).kind).toBe("idempotency-in-flight");
    expect(repetitionOf(claim, "f", 4_999).kind).toBe("idempotency-in-flight");
  });

  test("is answered as the first was, until the key expires", () => {
    const answered = { ...ended, answer };
    for (const nowMs of [2_000, 8_999]) {
      expect(repetitionOf(answered, "f", nowMs)).toEqual({ kind: "repeated", entryId, answer });
    }
  });

  test("may run again where the first ended and its answer is not known", () => {
    expect(repetitionOf(ended, "f", 2_000)).toEqual({ kind: "unanswered", claim: ended });
  });

  test("belongs to its route: the same key elsewhere is another claim", () => {
    expect(claimId({ route: "POST /infer", key: "k" })).toBe("POST /infer k");
    expect(claimId({ route: "POST /keys", key: "k" })).not.toBe(claimId({ route: "POST /infer", key: "k" }));
  });

  test("stands for a day", () => {
    expect(CLAIM_TTL_MS).toBe(86_400_000); // 24 · 60 · 60 · 1000
  });
});
