import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { symmetricDecrypt } from "better-auth/crypto";
import { drizzle } from "drizzle-orm/d1";
import { decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AccessTokens } from "../../src/identity/access-tokens.ts";
import { SigningKeys } from "../../src/identity/signing-keys.ts";
import { LEAD_MS, LIFETIME_MS, OVERLAP_SECONDS } from "../../src/identity/signing-keys.rules.ts";
import { loadPublicKeys } from "../../src/identity/signing-keys.store.ts";
import worker from "../../src/index.ts";
import { derivedKey } from "../../src/shared/derived-keys.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { call, callAsOperator, newTenant } from "../support/tenant.ts";

const ISSUER = "http://tensorgate.test";
const EXPECTED = { issuer: ISSUER, background: { waitUntil: () => undefined } };
const DAY_MS = 86_400_000;

let found: Record<string, unknown>[] = [];

// The keys are everybody's: each test has its own, and what follows finds them as they were.
beforeEach(async () => {
  found = (await env.DB.prepare("SELECT * FROM signing_keys").all()).results;
  await env.DB.exec("DELETE FROM signing_keys");
});
afterEach(async () => {
  const insert = env.DB.prepare(
    "INSERT INTO signing_keys (id, public_key, private_key, created_at, expires_at, alg, crv) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const columns = ["id", "public_key", "private_key", "created_at", "expires_at", "alg", "crv"];
  const rows = found.map((key) => insert.bind(...columns.map((column) => key[column])));
  await env.DB.batch([env.DB.prepare("DELETE FROM signing_keys"), ...rows]);
});

type Key = { kid: string; state: string; signs_from: string; signs_until: string | null };

async function listKeys(): Promise<Key[]> {
  return (await (await callAsOperator("GET", "/admin/signing-keys")).json<{ data: Key[] }>()).data;
}

async function rotate(): Promise<Key> {
  const made = await callAsOperator("POST", "/admin/signing-keys/rotate");
  expect(made.status).toBe(201);
  return await made.json();
}

/** Let all keys be so much older: the clock of the authorization server is the system's. */
async function age(byMs: number): Promise<void> {
  await env.DB.prepare("UPDATE signing_keys SET created_at = created_at - ?1, expires_at = expires_at - ?1")
    .bind(byMs)
    .run();
}

async function newToken(): Promise<string> {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, ada, "viewer");
  return await tokenOf(ada, tenant.id);
}

/** What reads access tokens in an isolate that has just started, at another time. */
function readerAt(nowMs: number): AccessTokens {
  const now = () => nowMs;
  return new AccessTokens(new SigningKeys(async () => await loadPublicKeys(drizzle(env.DB), nowMs), now), now);
}

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? "";

async function publishedKids(): Promise<string[]> {
  const { keys } = await (await call("GET", "/auth/jwks")).json<{ keys: { kid: string }[] }>();
  return keys.map(({ kid }) => kid);
}

describe("rotating the signing keys", () => {
  test("publishes the next key before it signs; then the one before is believed for a day more", async () => {
    const before = await newToken();
    const next = await rotate();
    expect(next.state).toBe("next");
    expect(await publishedKids()).toEqual(expect.arrayContaining([kidOf(before), next.kid]));
    expect(kidOf(await newToken())).toBe(kidOf(before));
    await age(LEAD_MS + 1000);
    const after = await newToken();
    expect(kidOf(after)).toBe(next.kid);
    const nowMs = Date.now();
    expect(await readerAt(nowMs).read(before, EXPECTED)).toMatchObject({ kind: "verified" });
    expect(await readerAt(nowMs).read(after, EXPECTED)).toMatchObject({ kind: "verified" });
    const states = (await listKeys()).filter(({ kid }) => [kidOf(before), next.kid].includes(kid));
    expect(states.map(({ state }) => state)).toEqual(["signing", "retired"]);
  });

  test("leaves the old key good for nothing once the overlap is over", async () => {
    const before = kidOf(await newToken());
    await rotate();
    await age(LEAD_MS + 1000);
    const keysAt = (nowMs: number) =>
      new SigningKeys(
        async () => await loadPublicKeys(drizzle(env.DB), nowMs),
        () => nowMs,
      );
    const endMs = Date.now() - 1000 + OVERLAP_SECONDS * 1000; // it ceased to sign a second ago
    expect(await keysAt(endMs - 5_000).find(before, EXPECTED.background)).toBeDefined();
    expect(await keysAt(endMs + 5_000).find(before, EXPECTED.background)).toBeUndefined();
    await age(OVERLAP_SECONDS * 1000);
    expect(await publishedKids()).not.toContain(before);
    expect((await listKeys()).find(({ kid }) => kid === before)).toMatchObject({ state: "expired" });
  });

  test("is recorded", async () => {
    const { kid } = await rotate();
    const { results } = await env.DB.prepare("SELECT * FROM audit_events WHERE target_id = ?").bind(kid).all();
    expect(results).toMatchObject([{ act: "signing_key.rotated", actor_kind: "operator" }]);
  });

  test("is done by the schedule when the youngest key is a month old, and not before", async () => {
    await newToken();
    await rotate();
    await age(LEAD_MS + 29 * DAY_MS);
    const count = async () => (await listKeys()).length;
    const before = await count();
    await runSchedule();
    expect(await count()).toBe(before);
    await age(DAY_MS);
    await runSchedule();
    await runSchedule();
    expect(await count()).toBe(before + 1);
    expect((await listKeys())[0]).toMatchObject({ state: "next" });
  });

  test("happens by itself should the schedule fail: no key signs for longer than its life", async () => {
    const before = kidOf(await newToken());
    await age(LIFETIME_MS + LEAD_MS);
    const after = await newToken();
    expect(kidOf(after)).not.toBe(before);
    expect(await readerAt(Date.now()).read(after, EXPECTED)).toMatchObject({ kind: "verified" });
  });
});

describe("what D1 has of a key", () => {
  test("does not show the private half without the deployment's secret, nor does any route", async () => {
    await newToken();
    await rotate();
    const { results } = await env.DB.prepare("SELECT * FROM signing_keys").all<{ private_key: string }>();
    expect(results.length).toBeGreaterThan(0);
    for (const { private_key: text } of results) {
      expect(text).toMatch(/^"[0-9a-f]{200,}"$/);
      expect(Buffer.from(text.slice(1, -1), "hex").toString("latin1")).not.toMatch(/"(d|kty|crv)"/);
    }
    const [text = ""] = results.map((row) => row.private_key);
    const secret = Buffer.from(derivedKey(env.MASTER_KEY, "identity")).toString("base64url");
    const unlock = async (key: string) => await symmetricDecrypt({ key, data: text.slice(1, -1) });
    expect(JSON.parse(await unlock(secret))).toMatchObject({ kty: "OKP", d: expect.any(String) });
    await expect(unlock(`${secret}x`)).rejects.toThrow("invalid tag");
    const shown = await (await call("GET", "/auth/jwks")).text();
    expect(shown).not.toContain('"d"');
    expect(JSON.stringify(await listKeys())).not.toContain("private");
  });
});

async function runSchedule(): Promise<void> {
  await worker.scheduled(createScheduledController(), env);
}
