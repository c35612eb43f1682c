import { beforeAll, describe, expect, test } from "vitest";
import { type PublicKey, SigningKeys } from "../../src/identity/signing-keys.ts";
import { newSigner } from "../support/signing.ts";

const START_MS = Date.parse("2026-11-20T12:00:00Z");

let known: PublicKey;
let later: PublicKey;
beforeAll(async () => {
  [known, later] = [await newPublicKey("known"), await newPublicKey("later")];
});

async function newPublicKey(kid: string): Promise<PublicKey> {
  const { jwk } = await newSigner(kid);
  return { kid, jwk, verifiesUntilMs: null };
}

/** Keys in a store that the test sets; each read waits until the event loop has turned. */
function newKeys() {
  const world = { nowMs: START_MS, reads: 0, stored: [known], isDown: false, beside: [] as Promise<unknown>[] };
  const load = async () => {
    world.reads++;
    await scheduler.wait(0);
    if (world.isDown) throw new Error("D1 is down.");
    return world.stored;
  };
  const keys = new SigningKeys(load, () => world.nowMs);
  const find = async (kid: string) => await keys.find(kid, { waitUntil: (promise) => void world.beside.push(promise) });
  return { world, find };
}

test("a known key is found without a read, for minutes", async () => {
  const { world, find } = newKeys();
  for (const afterMs of [0, 1, 60_000, 149_000]) {
    world.nowMs = START_MS + afterMs;
    expect(await find("known")).toBeDefined();
  }
  expect(world.reads).toBe(1);
});

test("many who come at once to an isolate that knows no key wait for one read", async () => {
  const { world, find } = newKeys();
  const found = await Promise.all(
    Array.from({ length: 50 }, (_, index) => find(index % 2 === 0 ? "known" : "unknown")),
  );
  expect(found.filter((key) => key !== undefined)).toHaveLength(25);
  expect(world.reads).toBe(1);
});

test("a flood of unknown keys costs one read in 10 s, one after the other and at once", async () => {
  const { world, find } = newKeys();
  await find("known");
  for (let second = 0; second < 60; second++) {
    world.nowMs = START_MS + second * 1000;
    await Promise.all(Array.from({ length: 20 }, (_, index) => find(`unknown-${second}-${index}`)));
  }
  // at 0 s, and at 11, 22, 33, 44 and 55 s: whenever more than 10 s have passed
  expect(world.reads).toBe(6);
});

test("a key that was made a moment ago is found by the next read", async () => {
  const { world, find } = newKeys();
  await find("known");
  world.stored = [known, later];
  world.nowMs = START_MS + 10_001;
  expect(await find("later")).toBeDefined();
});

test("a clock that ran ahead for a moment keeps no key from being found", async () => {
  const { world, find } = newKeys();
  world.nowMs = START_MS + 86_400_000;
  await find("known");
  world.stored = [known, later];
  world.nowMs = START_MS;
  expect(await find("later")).toBeDefined();
  expect(world.reads).toBe(2);
});

test("a known key is read again beside the request long before it is too old, and once", async () => {
  const { world, find } = newKeys();
  await find("known");
  world.beside.length = 0;
  world.nowMs = START_MS + 151_000;
  const found = await find("known");
  expect(found?.untilMs).toBe(START_MS + 300_000); // it didn't wait for the read
  await find("known");
  await Promise.all(world.beside);
  expect(world.reads).toBe(2);
  expect((await find("known"))?.untilMs).toBe(START_MS + 451_000);
});

test("a key that was taken back is found for 5 minutes at most, also where nothing can be read", async () => {
  const { world, find } = newKeys();
  await find("known");
  world.stored = [];
  world.nowMs = START_MS + 300_001;
  expect(await find("known")).toBeUndefined();
});

describe("where D1 is down", () => {
  test("known keys hold until they are too old, and then nothing is believed", async () => {
    const { world, find } = newKeys();
    await find("known");
    world.isDown = true;
    world.nowMs = START_MS + 299_000;
    expect(await find("known")).toBeDefined();
    await Promise.allSettled(world.beside);
    world.nowMs = START_MS + 300_001;
    await expect(find("known")).rejects.toThrow("D1 is down.");
  });

  test("a flood of unknown keys costs no more reads than where it is up", async () => {
    const { world, find } = newKeys();
    await find("known");
    world.isDown = true;
    world.nowMs = START_MS + 20_000;
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => find(`unknown-${index}`)));
    expect(world.reads).toBe(2);
    expect(results.every((result) => result.status === "rejected" || result.value === undefined)).toBe(true);
  });

  test("the first request after it is up again is served", async () => {
    const { world, find } = newKeys();
    world.isDown = true;
    await expect(find("known")).rejects.toThrow("D1 is down.");
    world.isDown = false;
    expect(await find("known")).toBeDefined();
  });
});

test("a key that is not readable does not take the others with it", async () => {
  const { world, find } = newKeys();
  world.stored = [{ kid: "broken", jwk: "{", verifiesUntilMs: null }, known];
  expect(await find("known")).toBeDefined();
  expect(await find("broken")).toBeUndefined();
});
