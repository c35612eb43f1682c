import { describe, expect, test } from "vitest";
import { admit } from "../../src/admission/admission.rules.ts";
import { newId } from "../../src/shared/ids.ts";
import {
  CLAIM,
  NOW_MS,
  claimOf,
  deploymentOf,
  idempotency,
  inference,
  refuse,
  tenantWithModel,
} from "./memory-state.ts";

describe("a repeated idempotency key", () => {
  const answer = { status: 200, headers: { "Content-Type": "application/json" }, body: new Uint8Array([123, 125]) };

  test("is given the answer of the first request: nothing is charged or debited, though the limit be empty", () => {
    const state = tenantWithModel();
    state.leave(0);
    const claim = claimOf(state, { answer });
    state.claims.set(CLAIM, claim);
    const before = state.snapshot();
    const repeated = { kind: "repeated", entryId: claim.entryId, answer };
    expect(admit(state, inference({ idempotency }), NOW_MS)).toEqual(repeated);
    expect(state.snapshot()).toEqual(before);
    expect(state.refusals).toEqual([]);
  });

  test("whose answer was lost runs again on the entry of the first request: not charged, not debited", () => {
    const state = tenantWithModel();
    state.leave(0);
    const claim = claimOf(state);
    state.claims.set(CLAIM, claim);
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject({
      kind: "admitted",
      entryId: claim.entryId,
      receipt: undefined,
      replayed: true,
      limit: undefined,
      runLimitMs: 10_000,
    });
    expect(state.taken).toEqual([CLAIM]);
    expect(state.charges).toEqual([]);
    expect(state.microTokens).toBe(0);
    expect(state.refusals).toEqual([]);
  });

  test("runs again the version that was charged, though production points elsewhere by now", () => {
    const state = tenantWithModel();
    state.claims.set(CLAIM, claimOf(state));
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject({ version: { number: 1 } });
  });

  test("runs again the version that is asked for where the charged one is gone or retired", () => {
    const state = tenantWithModel();
    const other = { replayed: true, version: { number: 3 } };
    state.claims.set(CLAIM, claimOf(state, { versionId: newId("ver", 99) }));
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject(other);
    state.claims.set(CLAIM, claimOf(state));
    state.deployments.set("m", { ...deploymentOf("m", 3), ...state.deployments.get("m"), retired: [1] });
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject(other);
  });

  test("is refused with its entry while the first request runs", () => {
    const state = tenantWithModel();
    const claim = claimOf(state, { state: "running" });
    state.claims.set(CLAIM, claim);
    const { entryId } = claim;
    expect(refuse(state, inference({ idempotency }))).toEqual({ kind: "idempotency-in-flight", entryId });
  });

  test.for(["running", "ended"] as const)(
    "is refused with its entry for another payload, the first being %s",
    (first) => {
      const state = tenantWithModel();
      const claim = claimOf(state, { state: first, fingerprint: "another" });
      state.claims.set(CLAIM, claim);
      const { entryId } = claim;
      expect(refuse(state, inference({ idempotency }))).toEqual({ kind: "idempotency-mismatch", entryId });
    },
  );

  test("is another's where it is another key, or was given to another route", () => {
    const state = tenantWithModel();
    state.claims.set(CLAIM, claimOf(state, { answer }));
    const first = { kind: "admitted", replayed: false };
    const [key, route] = [
      { ...idempotency, key: "other" },
      { ...idempotency, route: "POST /other" },
    ];
    expect(admit(state, inference({ idempotency: key }), NOW_MS)).toMatchObject(first);
    expect(admit(state, inference({ idempotency: route }), NOW_MS)).toMatchObject(first);
    expect(admit(state, inference(), NOW_MS)).toMatchObject(first);
  });
});
