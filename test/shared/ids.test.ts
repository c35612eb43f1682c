import { describe, expect, test } from "vitest";
import {
  idBody,
  idFromBody,
  isId,
  jurisdictionOf,
  newId,
  newTenantId,
  randomBase32,
  timeOfId,
} from "../../src/shared/ids.ts";

describe("an id", () => {
  test("is its kind's prefix, 10 characters of time and 16 of randomness", () => {
    // The ULID of 1,469,918,176,385 ms begins with "01ARYZ6S41" (https://github.com/ulid/javascript); ours is lower case.
    expect(newId("ten", 1_469_918_176_385)).toMatch(/^ten_01aryz6s41[0-9a-hjkmnp-tv-z]{16}$/);
  });

  test("sorts by the time of its making, across all digits", () => {
    const times = [0, 1, 31, 32, 1_023, 1_469_918_176_385, 1_795_000_000_000, 1_795_000_000_001, 2 ** 48 - 1];
    const ids = times.map((time) => newId("ver", time));
    expect(ids.toSorted()).toEqual(ids);
  });

  test.each([0, 31, 32, 1_469_918_176_385, 2 ** 48 - 1])("tells the time of its making, %i ms", (ms) => {
    expect(timeOfId("ent", newId("ent", ms))).toBe(ms);
  });

  test("of another kind, or none, tells no time", () => {
    expect(timeOfId("ent", newId("key", 5))).toBeUndefined();
    expect(timeOfId("ent", "grant-1")).toBeUndefined();
  });

  test("differs from others of the same millisecond", () => {
    const ids = Array.from({ length: 1_000 }, () => newId("ent", 1_795_000_000_000));
    expect(new Set(ids).size).toBe(1_000);
  });

  test("gives its body and is made of it again", () => {
    const id = newId("ten", 1_795_000_000_000);
    expect(idBody(id)).toBe(id.slice(4));
    expect(idFromBody("ten", idBody(id))).toBe(id);
    expect(idFromBody("ten", "no body")).toBeUndefined();
  });
});

describe("a tenant's id under a jurisdiction", () => {
  const id = newTenantId(1_795_000_000_000, "eu");

  test("names the jurisdiction before the time, and is read by everything that reads ids", () => {
    expect(id).toMatch(/^ten_eu_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    expect(isId("ten", id)).toBe(true);
    expect(idBody(id)).toBe(id.slice(4));
    expect(idFromBody("ten", idBody(id))).toBe(id);
    expect(jurisdictionOf(id)).toBe("eu");
  });

  test("can't be mistaken for one without: no other id has a jurisdiction, not even one that looks alike", () => {
    expect(jurisdictionOf(newTenantId(1_795_000_000_000))).toBeUndefined();
    const body = idBody(newId("key", 1_795_000_000_000));
    for (const text of [
      `key_eu_${body}`,
      `ten_us_${body}`,
      `ten_eu_eu_${body}`,
      `ten_EU_${body}`,
      `ten_eu${body}`,
      "ten_eu_",
    ]) {
      expect([isId("ten", text), isId("key", text)], text).toEqual([false, false]);
    }
  });
});

describe("isId", () => {
  const body = idBody(newId("key", 1_795_000_000_000));

  test("knows an id of its kind", () => {
    expect(isId("key", `key_${body}`)).toBe(true);
  });

  test.each([
    ["an id of another kind", `mdl_${body}`],
    ["no prefix", body],
    ["one character less", `key_${body.slice(1)}`],
    ["one character more", `key_${body}0`],
    ["upper case", `key_${body.toUpperCase()}`],
    ["a letter that base 32 leaves out", `key_${body.slice(0, -1)}u`],
    ["a time beyond 48 bits", `key_8${body.slice(1)}`],
    ["a line feed at the end", `key_${body}\n`],
    ["nothing", ""],
  ])("refuses %s", (_name, text) => {
    expect(isId("key", text)).toBe(false);
  });
});

describe("randomBase32", () => {
  test("has the length that was asked for, and all 32 characters equally", () => {
    expect(randomBase32(0)).toBe("");
    const counts = new Map<string, number>();
    for (const character of randomBase32(64_000)) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(32);
    // 64,000 / 32 = 2,000 each; the standard deviation is √(64,000 · 1/32 · 31/32) ≈ 44, and 10 of them are 440.
    for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(440);
  });
});
