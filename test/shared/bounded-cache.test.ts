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

test("what is looked up now and then stays, however many others come and go", () => {
  const cache = new BoundedCache<number>(100);
  cache.set("kept", 0);
  const found = new Set<number | undefined>();
  for (let i = 0; i < 10_000; i++) {
    cache.set(`passing-${i}`, i);
    if (i % 49 === 0) found.add(cache.get("kept"));
  }
  expect(found).toEqual(new Set([0]));
  expect(cache.get("passing-9899")).toBeUndefined();
});
