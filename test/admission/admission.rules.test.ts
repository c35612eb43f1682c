import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admit } from "../../src/admission/admission.rules.ts";
import {
  CLAIM,
  type MemoryState,
  NOW_MS,
  access,
  claimOf,
  deploymentOf,
  grantOf,
  idempotency,
  inference,
  limit,
  refuse,
  tenantWithModel,
} from "./memory-state.ts";

const forged = { kind: "key", hash: "forged" } as const;

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
    const [charge] = state.charges;
    // Of five calls four are left; the fifth comes back in 1 s / 2 = 500 ms; 5 calls at 2 a second fill in 2.5 s, 3 whole.
    const told = { policy: "inference", quota: 5, unit: undefined, windowSeconds: 3, remaining: 4, resetMs: 500 };
    expect(answer).toEqual({
      kind: "admitted",
      entryId: charge?.charged.entryId,
      receipt: "a receipt",
      replayed: false,
      version,
      limit: told,
      runLimitMs: 10_000,
    });
    const charged = {
      entryId: charge?.charged.entryId,
      keyId: state.keys.get("secret")?.keyId,
      modelId: version?.modelId,
      model: "m",
      versionId: version?.versionId,
      version: 3,
      runtime: "isolate",
      rates: state.tenant.rates,
      idempotencyKey: "k",
    };
    expect(state.charges).toEqual([{ charged, holds: [], runLimitMs: 10_000, idempotency }]);
    expect(state.microTokens).toBe(4_000_000);
    expect(state.refusals).toEqual([]);
  });

  test("is admitted again, and charged nothing more, when the cell's first word was lost", () => {
    const state = tenantWithModel();
    const request = inference({ idempotency });
    const [first, second] = [admit(state, request, NOW_MS), admit(state, request, NOW_MS)];
    expect(second).toEqual({ ...first, limit: undefined });
    expect(state.charges).toHaveLength(1);
    expect(state.microTokens).toBe(4_000_000);
  });

  test("draws from what has been refilled since", () => {
    const state = tenantWithModel();
    // Empty 750 ms ago: 2 · 0.75 = 1.5 calls; one is taken.
    state.leave(0, NOW_MS - 750);
    expect(admit(state, inference(), NOW_MS)).toMatchObject({ kind: "admitted", limit: { remaining: 0 } });
    expect(state.meterOf("inference tenant")).toMatchObject({ amount: 500_000, atMs: NOW_MS });
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
  test("is the first of credential, origin, tenant, scope, address, idempotency key, model, version and limit that is wrong", () => {
    const state = tenantWithModel();
    const { keys, deployments, claims } = state;
    const m = deployments.get("m") ?? deploymentOf("m", 3);
    // Everything is wrong at first; each step rights one thing.
    keys.clear();
    deployments.clear();
    state.epochs.set("tenant ", NOW_MS);
    state.tenant = { ...state.tenant, status: "suspended", allowedIps: ["203.0.113.7"] };
    claims.set(CLAIM, claimOf(state, { fingerprint: "another", state: "running" }));
    state.leave(0);
    const wanted = { version: "canary", idempotency };
    const from = { address: "", origin: "https://app.example.com" };
    const kindOf = (): string => refuse(state, inference({ ...wanted, ...from })).kind;

    expect(kindOf()).toBe("unknown-key");
    keys.set("secret", grantOf([], { revokedAtMs: NOW_MS - 1 }));
    expect(kindOf()).toBe("origin-not-allowed");
    keys.set("secret", grantOf([]));
    state.epochs.clear();
    expect(kindOf()).toBe("origin-not-allowed");
    state.tenant = { ...state.tenant, allowedOrigins: ["https://*.example.com"] };
    state.epochs.set("tenant ", NOW_MS);
    keys.set("secret", grantOf([], { revokedAtMs: NOW_MS - 1 }));
    expect(kindOf()).toBe("revoked-key");
    keys.set("secret", grantOf([]));
    expect(kindOf()).toBe("credential-void");
    state.epochs.clear();
    expect(kindOf()).toBe("tenant-suspended");
    state.tenant = { ...state.tenant, status: "active" };
    expect(kindOf()).toBe("insufficient-scope");
    keys.set("secret", grantOf(["models:infer"]));
    expect(kindOf()).toBe("address-not-allowed");
    state.tenant = { ...state.tenant, allowedIps: null };
    expect(kindOf()).toBe("idempotency-mismatch");
    claims.set(CLAIM, claimOf(state, { state: "running" }));
    expect(kindOf()).toBe("idempotency-in-flight");
    claims.clear();
    expect(kindOf()).toBe("model-not-found");
    deployments.set("m", { ...m, loaded: false });
    expect(kindOf()).toBe("model-unloaded");
    deployments.set("m", m);
    expect(kindOf()).toBe("version-not-found");
    deployments.set("m", { ...m, aliases: { canary: 1 }, retired: [1] });
    expect(kindOf()).toBe("version-retired");
    deployments.set("m", { ...m, aliases: { canary: 1 } });
    expect(kindOf()).toBe("quota-exceeded");
    state.leave(1_000_000);
    expect(versionFor(state, "canary")).toBe(1);
  });

  test("for a key that is not known or revoked says no more", () => {
    const state = tenantWithModel();
    expect(refuse(state, inference({ credential: forged }))).toEqual({ kind: "unknown-key" });
    state.keys.set("secret", grantOf(["models:infer"], { revokedAtMs: NOW_MS + 1_000 }));
    expect(refuse(state, inference())).toEqual({ kind: "revoked-key" });
  });

  test("for a scope names those of which one is needed, and those that the key has", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(["models:read", "usage:read"]));
    const held = ["models:read", "usage:read"];
    expect(refuse(state, inference())).toEqual({ kind: "insufficient-scope", anyScope: ["models:infer"], held });
    expect(refuse(state, access(["keys:write"]))).toEqual({
      kind: "insufficient-scope",
      anyScope: ["keys:write"],
      held,
    });
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
    state.leave(600_000);
    const told = { policy: "inference", quota: 5, unit: undefined, windowSeconds: 3, remaining: 0, resetMs: 200 };
    expect(refuse(state, inference())).toEqual({ kind: "quota-exceeded", violated: [told] });
  });

  test("of an inference is counted for its caller and model, and for no model where the tenant has none of that name", () => {
    const state = tenantWithModel();
    refuse(state, inference({ model: "n" }));
    refuse(state, inference({ version: "9" }));
    state.tenant = { ...state.tenant, status: "suspended" };
    refuse(state, inference());
    const keyId = state.keys.get("secret")?.keyId;
    expect(state.refusals).toEqual([
      [keyId, "", "model-not-found"],
      [keyId, "m", "version-not-found"],
      [keyId, "m", "tenant-suspended"],
    ]);
  });

  test("of a credential or of access is not counted", () => {
    const state = tenantWithModel();
    refuse(state, inference({ credential: forged }));
    refuse(state, access(["models:write"]));
    expect(state.refusals).toEqual([]);
  });
});

describe("whatever is asked", () => {
  test("every admitted inference has its one entry and its one call, and no other request has either", () => {
    const anyRequest = fc.oneof(
      fc.record({
        credential: fc.constantFrom("secret", "forged", "reader").map((hash) => ({ kind: "key", hash }) as const),
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
          admit(state, request ? inference(request) : access(["models:read"]), NOW_MS),
        );
        const admitted = answers.filter((answer) => answer.kind === "admitted");
        expect(state.charges.map(({ charged }) => charged.entryId)).toEqual(admitted.map(({ entryId }) => entryId));
        expect(state.microTokens).toBe((limit.burst - admitted.length) * 1_000_000);
        expect(admitted.length).toBeLessThanOrEqual(limit.burst);
      }),
      { numRuns: 500 },
    );
  });
});
