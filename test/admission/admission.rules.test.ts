import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AdmissionRequest, type Refusal, admit } from "../../src/admission/admission.rules.ts";
import { SCOPES, type Scope } from "../../src/identity/keys.rules.ts";
import { newId } from "../../src/shared/ids.ts";
import {
  type MemoryState,
  NOW_MS,
  claimOf,
  deploymentOf,
  grantOf,
  inference,
  limit,
  tenantWithModel,
} from "./memory-state.ts";

const idempotency = { key: "k", fingerprint: "f" };

function access(...anyScope: Scope[]): AdmissionRequest {
  return { kind: "access", credential: "secret", anyScope };
}

/** The refusal of a request, after checking that it debits and charges nothing. */
function refuse(state: MemoryState, request: AdmissionRequest): Refusal {
  const { bucket } = state;
  const answer = admit(state, request, NOW_MS);
  if (answer.kind === "admitted" || answer.kind === "granted") throw new Error(`Expected a refusal: ${answer.kind}.`);
  expect(state.bucket).toBe(bucket);
  expect(state.entries).toEqual([]);
  return answer;
}

/** The number of the version that runs for a caller who names this one, or the refusal. */
function versionFor(state: MemoryState, version: string | undefined): number | string {
  const answer = admit(state, inference({ version }), NOW_MS);
  return answer.kind === "admitted" ? answer.version.number : answer.kind;
}

describe("an inference that is admitted", () => {
  test("is charged with one entry of the ledger and takes one call from the limit", () => {
    const state = tenantWithModel();
    const version = state.deployments.get("m")?.versions[2];
    const answer = admit(state, inference({ idempotency }), NOW_MS);
    const [entry] = state.entries;
    // Of five calls four are left; the fifth comes back in 1 s / 2 = 500 ms; 5 calls at 2 a second fill in 2.5 s, 3 whole.
    const told = { policy: "inference", quota: 5, windowSeconds: 3, remaining: 4, resetMs: 500 };
    expect(answer).toEqual({
      kind: "admitted",
      entryId: entry?.id,
      replayed: false,
      version,
      limit: told,
      runLimitMs: 10_000,
    });
    expect(state.entries).toEqual([
      { id: entry?.id, atMs: NOW_MS, keyId: state.keys.get("secret")?.keyId, model: "m", version, idempotency },
    ]);
    expect(state.bucket).toEqual({ microTokens: 4_000_000, updatedAtMs: NOW_MS });
    expect(state.refusals).toEqual([]);
  });

  test("draws from what has been refilled since", () => {
    const state = tenantWithModel();
    // Empty 750 ms ago: 2 · 0.75 = 1.5 calls; one is taken.
    state.bucket = { microTokens: 0, updatedAtMs: NOW_MS - 750 };
    expect(admit(state, inference(), NOW_MS)).toMatchObject({ kind: "admitted", limit: { remaining: 0 } });
    expect(state.bucket).toEqual({ microTokens: 500_000, updatedAtMs: NOW_MS });
  });

  test("runs the version that its number names, or its alias, or the alias production", () => {
    const state = tenantWithModel();
    state.deployments.set("m", deploymentOf("m", 3, { production: 2, canary: 3 }));
    expect([undefined, "production", "canary", "1", "3"].map((version) => versionFor(state, version))).toEqual([
      2, 2, 3, 1, 3,
    ]);
  });

  test("may name an alias that is called as a member of Object.prototype", () => {
    const state = tenantWithModel();
    const aliases = Object.fromEntries([
      ["constructor", 1],
      ["__proto__", 2],
      ["toString", 3],
    ]);
    state.deployments.set("m", deploymentOf("m", 3, aliases));
    expect(["constructor", "__proto__", "toString"].map((alias) => versionFor(state, alias))).toEqual([1, 2, 3]);
  });
});

describe("a refusal", () => {
  test("is the first of credential, tenant, scope, model, version, idempotency key and limit that is wrong", () => {
    const state = tenantWithModel();
    const { keys, deployments, claims } = state;
    const m = deployments.get("m") ?? deploymentOf("m", 3);
    // Everything is wrong at first; each step rights one thing.
    keys.clear();
    deployments.clear();
    state.tenant = { ...state.tenant, status: "suspended" };
    claims.set("k", claimOf(state, { fingerprint: "another", state: "running" }));
    state.bucket = { microTokens: 0, updatedAtMs: NOW_MS };
    const kindOf = (): string => refuse(state, inference({ version: "canary", idempotency })).kind;

    expect(kindOf()).toBe("unknown-key");
    keys.set("secret", grantOf([], NOW_MS - 1));
    expect(kindOf()).toBe("revoked-key");
    keys.set("secret", grantOf([]));
    expect(kindOf()).toBe("tenant-suspended");
    state.tenant = { ...state.tenant, status: "active" };
    expect(kindOf()).toBe("insufficient-scope");
    keys.set("secret", grantOf(["infer"]));
    expect(kindOf()).toBe("model-not-found");
    deployments.set("m", { ...m, loaded: false });
    expect(kindOf()).toBe("model-unloaded");
    deployments.set("m", m);
    expect(kindOf()).toBe("version-not-found");
    deployments.set("m", { ...m, aliases: { canary: 1 }, retired: [1] });
    expect(kindOf()).toBe("version-retired");
    deployments.set("m", { ...m, aliases: { canary: 1 } });
    expect(kindOf()).toBe("idempotency-mismatch");
    claims.set("k", claimOf(state, { state: "running" }));
    expect(kindOf()).toBe("idempotency-in-flight");
    claims.clear();
    expect(kindOf()).toBe("quota-exceeded");
    state.bucket = { microTokens: 1_000_000, updatedAtMs: NOW_MS };
    expect(versionFor(state, "canary")).toBe(1);
  });

  test("for a key that is not known or revoked says no more", () => {
    const state = tenantWithModel();
    expect(refuse(state, inference({ credential: "forged" }))).toEqual({ kind: "unknown-key" });
    state.keys.set("secret", grantOf(["infer"], NOW_MS + 1_000));
    expect(refuse(state, inference())).toEqual({ kind: "revoked-key" });
  });

  test("for a scope names those of which one is needed, and those that the key has", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(["models:read", "usage:read"]));
    const held = ["models:read", "usage:read"];
    expect(refuse(state, inference())).toEqual({ kind: "insufficient-scope", anyScope: ["infer"], held });
    expect(refuse(state, access("keys:write"))).toEqual({ kind: "insufficient-scope", anyScope: ["keys:write"], held });
  });

  test("for a model names it", () => {
    expect(refuse(tenantWithModel(), inference({ model: "n" }))).toEqual({ kind: "model-not-found", model: "n" });
  });

  const numbers = ["4", "0", "00", "99999999999999999999", "-1", "1.0", "1e0", " 1", "0x1", "१"];
  const members = ["constructor", "__proto__", "toString", "hasOwnProperty"];
  test.for([...numbers, ...members, "canary", ""])(
    "for the version %j, which no one has set, names both",
    (version) => {
      const missing = { kind: "version-not-found", model: "m", version };
      expect(refuse(tenantWithModel(), inference({ version }))).toEqual(missing);
    },
  );

  test("for the default alias names it where it points at nothing", () => {
    const state = tenantWithModel();
    const missing = { kind: "version-not-found", model: "m", version: "production" };
    state.deployments.set("m", deploymentOf("m", 3, {}));
    expect(refuse(state, inference())).toEqual(missing);
    state.deployments.set("m", deploymentOf("m", 0, { production: 1 }));
    expect(refuse(state, inference())).toEqual(missing);
  });

  test("for the limit says when the next call is granted", () => {
    const state = tenantWithModel();
    // 0.6 calls; 0.4 more at 2 a second take 200 ms.
    state.bucket = { microTokens: 600_000, updatedAtMs: NOW_MS };
    const told = { policy: "inference", quota: 5, windowSeconds: 3, remaining: 0, resetMs: 200 };
    expect(refuse(state, inference())).toEqual({ kind: "quota-exceeded", limit: told });
  });

  test("of an inference is counted for its model, and for no model where the tenant has none of that name", () => {
    const state = tenantWithModel();
    refuse(state, inference({ model: "n" }));
    refuse(state, inference({ version: "9" }));
    state.tenant = { ...state.tenant, status: "suspended" };
    refuse(state, inference());
    expect(state.refusals).toEqual([
      ["", "model-not-found"],
      ["m", "version-not-found"],
      ["m", "tenant-suspended"],
    ]);
  });

  test("of a credential or of access is not counted", () => {
    const state = tenantWithModel();
    refuse(state, inference({ credential: "forged" }));
    refuse(state, access("models:write"));
    expect(state.refusals).toEqual([]);
  });
});

describe("a repeated idempotency key", () => {
  test("meets the entry of the first request: replayed, not charged, not debited, though the limit be empty", () => {
    const state = tenantWithModel();
    state.bucket = { microTokens: 0, updatedAtMs: NOW_MS };
    const claim = claimOf(state);
    state.claims.set("k", claim);
    const { bucket } = state;
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject({
      kind: "admitted",
      entryId: claim.entryId,
      replayed: true,
      limit: { remaining: 0, resetMs: 500 },
    });
    expect(state.entries).toEqual([]);
    expect(state.bucket).toBe(bucket);
    expect(state.refusals).toEqual([]);
  });

  test("runs the version that was charged, though production points elsewhere by now", () => {
    const state = tenantWithModel();
    state.claims.set("k", claimOf(state));
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject({ version: { number: 1 } });
  });

  test("runs the version that is asked for where the charged one is gone", () => {
    const state = tenantWithModel();
    state.claims.set("k", claimOf(state, { versionId: newId("ver", 99) }));
    expect(admit(state, inference({ idempotency }), NOW_MS)).toMatchObject({ replayed: true, version: { number: 3 } });
  });

  test("is refused with its entry while the first request runs", () => {
    const state = tenantWithModel();
    const claim = claimOf(state, { state: "running" });
    state.claims.set("k", claim);
    const { entryId } = claim;
    expect(refuse(state, inference({ idempotency }))).toEqual({ kind: "idempotency-in-flight", entryId });
  });

  test.for(["running", "charged"] as const)(
    "is refused with its entry for another payload, the first being %s",
    (first) => {
      const state = tenantWithModel();
      const claim = claimOf(state, { state: first, fingerprint: "another" });
      state.claims.set("k", claim);
      const { entryId } = claim;
      expect(refuse(state, inference({ idempotency }))).toEqual({ kind: "idempotency-mismatch", entryId });
    },
  );

  test("is another's where it is another key", () => {
    const state = tenantWithModel();
    state.claims.set("k", claimOf(state));
    const other = inference({ idempotency: { key: "other", fingerprint: "f" } });
    expect(admit(state, other, NOW_MS)).toMatchObject({ kind: "admitted", replayed: false });
    expect(admit(state, inference(), NOW_MS)).toMatchObject({ kind: "admitted", replayed: false });
  });
});

describe("access", () => {
  test("is granted to a key that has any one of the scopes, and takes nothing from the limit", () => {
    const state = tenantWithModel();
    const key = grantOf(["models:read", "infer"]);
    state.keys.set("secret", key);
    const { bucket } = state;
    expect(admit(state, access("models:write", "models:read"), NOW_MS)).toEqual({
      kind: "granted",
      keyId: key.keyId,
      scopes: ["models:read", "infer"],
    });
    expect(state.bucket).toBe(bucket);
    expect(state.entries).toEqual([]);
  });

  test("is refused to a key that is not known or revoked, whatever its scopes", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(SCOPES, NOW_MS));
    expect(refuse(state, access("models:read"))).toEqual({ kind: "revoked-key" });
    state.keys.clear();
    expect(refuse(state, access("models:read"))).toEqual({ kind: "unknown-key" });
  });

  test("of a suspended tenant is to read, and neither to write nor to infer", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(SCOPES));
    state.tenant = { ...state.tenant, status: "suspended" };
    const kinds = SCOPES.map((scope) => [scope, admit(state, access(scope), NOW_MS).kind]);
    expect(Object.fromEntries(kinds)).toEqual(
      Object.fromEntries(SCOPES.map((scope) => [scope, scope.endsWith(":read") ? "granted" : "tenant-suspended"])),
    );
    // What a reading scope opens is a read, whichever other scope opens it too.
    expect(admit(state, access("models:read", "infer"), NOW_MS).kind).toBe("granted");
    expect(refuse(state, inference())).toEqual({ kind: "tenant-suspended" });
  });
});

describe("whatever is asked", () => {
  test("every admitted inference has its one entry and its one call, and no other request has either", () => {
    const anyRequest = fc.oneof(
      fc.record({
        credential: fc.constantFrom("secret", "forged", "reader"),
        model: fc.constantFrom("m", "n"),
        version: fc.constantFrom(undefined, "1", "9"),
      }),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 40 }), (requests) => {
        const state = tenantWithModel();
        state.keys.set("reader", grantOf(["models:read"]));
        const answers = requests.map((request) =>
          admit(state, request ? inference(request) : access("models:read"), NOW_MS),
        );
        const admitted = answers.filter((answer) => answer.kind === "admitted");
        expect(state.entries.map((entry) => entry.id)).toEqual(admitted.map((answer) => answer.entryId));
        expect(state.bucket.microTokens).toBe((limit.burst - admitted.length) * 1_000_000);
        expect(admitted.length).toBeLessThanOrEqual(limit.burst);
      }),
      { numRuns: 500 },
    );
  });
});
