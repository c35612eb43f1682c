import { expect, test } from "vitest";
import { BoundedCache } from "../../src/shared/bounded-cache.ts";

test("a full cache forgets what was used least recently, and nothing else", () => {
  const cache = new BoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  expect(cache.get("a")).toBe(1);
  cache.set("c", 3);
  expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
});

test("setting a key anew replaces its value and makes no room", () => {
  const cache = new BoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  expect(["a", "b"].map((key) => cache.get(key))).toEqual([3, 2]);
});
