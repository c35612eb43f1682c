import { describe, expect, test } from "vitest";
import { KeyUses } from "../../src/admission/key-uses.rules.ts";
import { newId } from "../../src/shared/ids.ts";

const [key, other] = [newId("key", 0), newId("key", 1)];
const HOUR_MS = 3_600_000;

describe("the last use of a key", () => {
  test("is that of its latest call, and of no other key's", () => {
    const uses = new KeyUses(new Map());
    uses.note(key, 1_000);
    uses.note(key, 2_000);
    expect(uses.lastOf([key, other])).toEqual(new Map([[key, 2_000]]));
  });

  test("is written at first, and again when an hour has passed since it was written", () => {
    const uses = new KeyUses(new Map());
    const written = [0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS].map((ms) => uses.note(key, ms));
    expect(written).toEqual([true, false, false, true, false, true]);
    expect(uses.note(other, HOUR_MS + 2)).toBe(true);
  });

  test("is what was written, after it was read back, and is written an hour after that", () => {
    const uses = new KeyUses(new Map([[key, 5_000]]));
    expect(uses.lastOf([key])).toEqual(new Map([[key, 5_000]]));
    expect([uses.note(key, 5_000 + HOUR_MS - 1), uses.note(key, 5_000 + HOUR_MS)]).toEqual([false, true]);
  });
});
