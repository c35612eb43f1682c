import { newId } from "../../src/shared/ids.ts";
import { describe, expect, test } from "vitest";
import { admit } from "../../src/admission/admission.rules.ts";
import { TENANT_PERMISSIONS } from "../../src/identity/permissions.rules.ts";
import {
  CLAIM,
  NOW_MS,
  access,
  claimOf,
  grantOf,
  idempotency,
  inference,
  limit,
  refuse,
  tenantWithModel,
} from "./memory-state.ts";

describe("access", () => {
  test("is granted to a key that has any one of the scopes, and takes nothing from another endpoint's limit", () => {
    const state = tenantWithModel();
    const key = grantOf(["models:read", "models:infer"]);
    state.keys.set("secret", key);
    const before = state.snapshot();
    expect(admit(state, access(["models:write", "models:read"]), NOW_MS)).toEqual({
      kind: "granted",
      callerId: key.keyId,
      userId: null,
      scopes: ["models:read", "models:infer"],
      models: null,
      limit: undefined,
      claim: undefined,
    });
    expect(state.snapshot()).toEqual(before);
  });

  test("of a key with a list of models is to those alone, and to what is about no one model", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(["models:read", "models:infer"], { models: ["listed"] }));
    const about = (model: string | undefined) => admit(state, access(["models:read"], { model }), NOW_MS);
    expect(about("listed")).toMatchObject({ kind: "granted", models: ["listed"] });
    expect(about(undefined)).toMatchObject({ kind: "granted", models: ["listed"] });
    expect(about("other")).toEqual({ kind: "model-not-found", model: "other" });
  });

  test("notes the use of a key, and neither a refusal nor a person's token", () => {
    const state = tenantWithModel();
    const key = grantOf(["models:read"]);
    state.keys.set("secret", key);
    expect(admit(state, access(["models:write"]), NOW_MS).kind).toBe("insufficient-scope");
    const issued = { kind: "token", issuedAtMs: NOW_MS, expiresAtMs: NOW_MS + 1, subjects: {} } as const;
    const token = { ...issued, callerId: newId("usr", 0), scopes: ["models:read"] } as const;
    expect(admit(state, access(["models:read"], { credential: token }), NOW_MS).kind).toBe("granted");
    expect(state.uses).toEqual([]);
    expect(admit(state, access(["models:read"]), NOW_MS).kind).toBe("granted");
    expect(state.uses).toEqual([key.keyId]);
  });

  test("is held to the limit of its endpoint's class", () => {
    const state = tenantWithModel();
    const read = { ...limit, name: "read", endpoint: "read", burst: 1 } as const;
    state.tenant = { ...state.tenant, limits: { rates: [read], quotas: [], concurrency: [] } };
    state.keys.set("secret", grantOf(["models:read", "models:write"]));
    expect(admit(state, access(["models:read"]), NOW_MS)).toMatchObject({ kind: "granted", limit: { remaining: 0 } });
    expect(refuse(state, access(["models:read"]))).toMatchObject({ violated: [{ policy: "read" }] });
    expect(admit(state, access(["models:write"]), NOW_MS).kind).toBe("granted");
  });

  test("with an idempotency key takes it, and says what is to be concluded", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(["models:write"]));
    const granted = admit(state, access(["models:write"], { idempotency }), NOW_MS);
    expect(granted).toMatchObject({ kind: "granted", claim: { claimId: CLAIM } });
    expect(state.taken).toEqual([CLAIM]);
  });

  test("with an idempotency key whose holder died takes it over, under another id", () => {
    const state = tenantWithModel();
    const key = grantOf(["models:write"]);
    state.keys.set("secret", key);
    const died = claimOf(state, { fingerprint: `${key.keyId} f`, state: "running", leaseEndsAtMs: NOW_MS });
    state.claims.set(CLAIM, died);
    const granted = admit(state, access(["models:write"], { idempotency }), NOW_MS);
    expect(granted).toMatchObject({ kind: "granted", claim: { claimId: CLAIM } });
    expect(granted).not.toMatchObject({ claim: { entryId: died.entryId } });
  });

  test("with an idempotency key that another caller has used is another request", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(["models:write"]));
    state.claims.set(CLAIM, claimOf(state, { fingerprint: "key_of_another f" }));
    const refused = refuse(state, access(["models:write"], { idempotency }));
    expect(refused).toMatchObject({ kind: "idempotency-mismatch" });
  });

  test("is refused to a key that is not known or revoked, whatever its scopes", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(TENANT_PERMISSIONS, { revokedAtMs: NOW_MS }));
    expect(refuse(state, access(["models:read"]))).toEqual({ kind: "revoked-key" });
    state.keys.clear();
    expect(refuse(state, access(["models:read"]))).toEqual({ kind: "unknown-key" });
  });

  test("of a suspended tenant is to read, and neither to write nor to infer", () => {
    const state = tenantWithModel();
    state.keys.set("secret", grantOf(TENANT_PERMISSIONS));
    state.tenant = { ...state.tenant, status: "suspended" };
    const kinds = TENANT_PERMISSIONS.map((scope) => [scope, admit(state, access([scope]), NOW_MS).kind]);
    expect(Object.fromEntries(kinds)).toEqual(
      Object.fromEntries(
        TENANT_PERMISSIONS.map((scope) => [scope, scope.endsWith(":read") ? "granted" : "tenant-suspended"]),
      ),
    );
    // A route that reads is a read, whichever other scope opens it too.
    expect(admit(state, access(["models:read", "models:infer"]), NOW_MS).kind).toBe("granted");
    expect(refuse(state, inference())).toEqual({ kind: "tenant-suspended" });
  });
});
