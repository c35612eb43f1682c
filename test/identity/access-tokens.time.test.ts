import { describe, expect, test } from "vitest";
import { AccessTokens } from "../../src/identity/access-tokens.ts";
import { type PublicKey, SigningKeys } from "../../src/identity/signing-keys.ts";
import { newId } from "../../src/shared/ids.ts";
import { ISSUER, type Signer, claimsOf, newSigner, sign } from "../support/signing.ts";

const START_MS = Date.parse("2026-11-20T12:00:00Z");
const tenantId = newId("ten", START_MS);

/** What reads tokens, with keys and a clock that the test sets, and a count of how often the keys were read. */
async function newReader() {
  const signer = await newSigner("k1");
  const world = { nowMs: START_MS, reads: 0, keys: [publicHalf(signer)] };
  const now = () => world.nowMs;
  const load = async () => {
    world.reads++;
    return await Promise.resolve(world.keys);
  };
  const tokens = new AccessTokens(new SigningKeys(load, now), now);
  const background = { waitUntil: () => undefined };
  const read = async (token: string, issuer = ISSUER) => {
    const result = await tokens.read(token, { issuer, background });
    return result.kind === "verified" ? "verified" : result.reason;
  };
  return { world, signer, tokens, read };
}

function publicHalf({ kid, jwk }: Signer): PublicKey {
  return { kid, jwk, verifiesUntilMs: null };
}

const claims = (changed = {}) => claimsOf(tenantId, changed, START_MS);

describe("a token's end", () => {
  test.each([
    ["read before", START_MS],
    ["read for the first time", START_MS + 304_000],
  ])("is its `exp` and 5 s of skew, when it is %s", async (_when, firstReadMs) => {
    const { world, signer, read } = await newReader();
    const token = await sign(signer, claims());
    const readAt = async (atMs: number) => {
      world.nowMs = atMs;
      return await read(token);
    };
    expect(await readAt(firstReadMs)).toBe("verified");
    expect(await readAt(START_MS + 304_000)).toBe("verified"); // 4 s beyond `exp`
    expect(await readAt(START_MS + 305_000)).toBe("expired");
    expect(await readAt(START_MS + 86_400_000)).toBe("expired");
  });

  test("is the same for who has never read it", async () => {
    const { world, signer, read } = await newReader();
    const token = await sign(signer, claims());
    world.nowMs = START_MS + 305_000;
    expect(await read(token)).toBe("expired");
  });

  test("comes 5 minutes after its `iat` at the latest, also for who has read it before", async () => {
    const { world, signer, read } = await newReader();
    const token = await sign(signer, claims({ exp: START_MS / 1000 + 86_400 }));
    expect(await read(token)).toBe("verified");
    world.nowMs = START_MS + 306_000;
    expect(await read(token)).toBe("expired");
  });
});

test("a token's beginning is its `nbf` without 5 s of skew", async () => {
  const { world, signer, read } = await newReader();
  const token = await sign(signer, claims({ nbf: START_MS / 1000 + 10 }));
  world.nowMs = START_MS + 4_000;
  expect(await read(token)).toBe("not-yet-valid");
  world.nowMs = START_MS + 5_000;
  expect(await read(token)).toBe("verified");
});

describe("a token that was read before", () => {
  test("is read again with neither I/O nor cryptography, at once", async () => {
    const { world, signer, tokens, read } = await newReader();
    const token = await sign(signer, claims());
    await read(token);
    const expected = { issuer: ISSUER, background: { waitUntil: () => undefined } };
    const [first, second] = [tokens.read(token, expected), tokens.read(token, expected)];
    expect(first).not.toBeInstanceOf(Promise);
    expect(first).toBe(second);
    expect(world.reads).toBe(1);
  });

  test("stands for itself alone: changed by any one character it is read anew", async () => {
    const { signer, read } = await newReader();
    const token = await sign(signer, claims());
    await read(token);
    for (const at of [5, token.indexOf(".") + 5, token.lastIndexOf(".") + 5]) {
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(await read(changed)).not.toBe("verified");
    }
    expect(await read(token)).toBe("verified");
  });

  test("does not hold for another issuer, nor afterwards", async () => {
    const { signer, read } = await newReader();
    const token = await sign(signer, claims());
    for (let i = 0; i < 2; i++) {
      expect(await read(token)).toBe("verified");
      expect(await read(token, "https://other.example")).toBe("other-issuer");
    }
  });

  test("holds no more than 5 minutes after its key was taken back", async () => {
    const { world, signer, read } = await newReader();
    await read(await sign(signer, claims()));
    world.keys = [];
    world.nowMs = START_MS + 295_000; // the keys were read 295 s ago: the token is believed, and the last of its kind
    const late = await sign(signer, claimsOf(tenantId, {}, world.nowMs));
    expect(await read(late)).toBe("verified");
    world.nowMs = START_MS + 301_000;
    expect(await read(late)).toBe("forged");
  });

  test("holds no longer than its key does", async () => {
    const { world, signer, read } = await newReader();
    world.keys = [{ ...publicHalf(signer), verifiesUntilMs: START_MS + 60_000 }];
    const token = await sign(signer, claims());
    expect(await read(token)).toBe("verified");
    world.nowMs = START_MS + 60_000;
    expect(await read(token)).toBe("forged");
  });
});

test("a refused token is not remembered", async () => {
  const { world, signer, read } = await newReader();
  const token = await sign(signer, claims({ nbf: START_MS / 1000 + 60 }));
  expect(await read(token)).toBe("not-yet-valid");
  world.nowMs = START_MS + 60_000;
  expect(await read(token)).toBe("verified");
});
