import { describe, expect, test } from "vitest";
import {
  type Credential,
  type Credentials,
  EPOCH_KINDS,
  identify,
  mayCallFrom,
} from "../../src/admission/credentials.rules.ts";
import { newId } from "../../src/shared/ids.ts";
import { grantOf } from "./memory-state.ts";

const ISSUED_MS = 5_000;
const NOW_MS = 6_000;
const EXPIRES_MS = 7_000;
const callerId = newId("key", 0);
const key = grantOf(["models:infer"], { keyId: callerId, createdAtMs: ISSUED_MS, allowedIps: ["203.0.113.7"] });
const token: Extract<Credential, { kind: "token" }> = {
  kind: "token",
  issuedAtMs: ISSUED_MS,
  expiresAtMs: EXPIRES_MS,
  callerId,
  scopes: ["models:infer"],
  subjects: { user: "u", session: "s", client: "c", parent: "p", token: "t" },
};
const apiKey: Credential = { kind: "key", hash: "hash" };

/** What is known of credentials: one key, and when those of some subjects begin to hold. */
function knowing(epochs: Record<string, number> = {}): Credentials {
  return {
    keyByHash: (hash) => (hash === "hash" ? key : undefined),
    notBeforeMs: (kind, id) => epochs[`${kind} ${id}`],
  };
}

describe("a credential", () => {
  test("that is alive says who is calling, with what a key has of its own", () => {
    expect(identify(knowing(), apiKey, NOW_MS)).toEqual({
      callerId,
      userId: null,
      scopes: ["models:infer"],
      models: null,
      allowedIps: ["203.0.113.7"],
      limits: null,
    });
    expect(identify(knowing(), token, NOW_MS)).toEqual({
      callerId,
      userId: null,
      scopes: ["models:infer"],
      models: null,
      allowedIps: null,
      limits: null,
    });
  });

  test("that nobody knows, or that was revoked, is refused", () => {
    expect(identify(knowing(), { kind: "key", hash: "another" }, NOW_MS)).toEqual({ kind: "unknown-key" });
    const revoked = { ...knowing(), keyByHash: () => ({ ...key, revokedAtMs: 0 }) };
    expect(identify(revoked, apiKey, NOW_MS)).toEqual({ kind: "revoked-key" });
  });

  test("of a person says whose it is", () => {
    const userId = newId("usr", 0);
    const personal = { ...knowing(), keyByHash: () => ({ ...key, userId }) };
    expect(identify(personal, apiKey, NOW_MS)).toMatchObject({ callerId, userId });
    expect(identify(knowing(), { ...token, callerId: userId }, NOW_MS)).toMatchObject({ callerId: userId, userId });
  });

  test("is refused from the very moment at which it expires", () => {
    const expiring = { ...knowing(), keyByHash: () => ({ ...key, expiresAtMs: EXPIRES_MS }) };
    expect(identify(expiring, apiKey, EXPIRES_MS - 1)).toMatchObject({ callerId });
    expect(identify(expiring, apiKey, EXPIRES_MS)).toEqual({ kind: "key-expired", expiredAtMs: EXPIRES_MS });
    expect(identify(knowing(), token, EXPIRES_MS - 1)).toMatchObject({ callerId });
    expect(identify(knowing(), token, EXPIRES_MS)).toEqual({ kind: "expired-token" });
  });

  test("that was revoked and has expired was revoked", () => {
    const ended = { ...knowing(), keyByHash: () => ({ ...key, expiresAtMs: 0, revokedAtMs: 0 }) };
    expect(identify(ended, apiKey, NOW_MS)).toEqual({ kind: "revoked-key" });
  });

  test("that is a key is refused when its person is gone", () => {
    const orphaned = { ...knowing(), keyByHash: () => ({ ...key, isOrphaned: true }) };
    expect(identify(orphaned, apiKey, NOW_MS)).toEqual({ kind: "orphaned-key" });
  });

  const own = { tenant: "", user: "u", session: "s", client: "c", parent: "p", token: "t", key: callerId };

  test.each(EPOCH_KINDS)(
    "is void when it was issued before those of its %s hold, and alive from that moment on",
    (kind) => {
      const credential = kind === "key" ? apiKey : token;
      const since = (notBeforeMs: number) =>
        identify(knowing({ [`${kind} ${own[kind]}`]: notBeforeMs }), credential, NOW_MS);
      expect(since(ISSUED_MS + 1)).toEqual({ kind: "credential-void" });
      expect(since(ISSUED_MS)).toMatchObject({ callerId });
    },
  );

  test.each(EPOCH_KINDS)("is not void for the sake of another %s", (kind) => {
    const epochs = { [`${kind} another`]: Infinity };
    expect(identify(knowing(epochs), token, NOW_MS)).toMatchObject({ callerId });
    expect(identify(knowing(epochs), apiKey, NOW_MS)).toMatchObject({ callerId });
  });

  test("that is a key is void with its tenant's, and has nobody's log-in", () => {
    expect(identify(knowing({ "tenant ": ISSUED_MS + 1 }), apiKey, NOW_MS)).toEqual({ kind: "credential-void" });
    const logIns = { "user u": Infinity, "session s": Infinity, "client c": Infinity, "token t": Infinity };
    expect(identify(knowing(logIns), apiKey, NOW_MS)).toMatchObject({ callerId });
  });

  test("of which only some subjects are known is held to those", () => {
    const machine: Credential = { ...token, subjects: { client: "c" } };
    expect(identify(knowing({ "user u": Infinity }), machine, NOW_MS)).toMatchObject({ callerId });
    expect(identify(knowing({ "client c": ISSUED_MS + 1 }), machine, NOW_MS)).toEqual({ kind: "credential-void" });
  });
});

describe("an address", () => {
  test("may call when it is on every list that there is", () => {
    const [one, both] = [["203.0.113.7"], ["203.0.113.7", "203.0.113.8"]];
    expect(mayCallFrom("203.0.113.7", [one, both])).toBe(true);
    expect(mayCallFrom("203.0.113.8", [one, both])).toBe(false);
    expect(mayCallFrom("203.0.113.8", [null, both])).toBe(true);
    expect(mayCallFrom("", [null, null])).toBe(true);
    expect(mayCallFrom("", [null, one])).toBe(false);
  });
});
