import { describe, expect, test } from "vitest";
import { LEAD_MS, OVERLAP_SECONDS, isDue, signsFrom, stateOf } from "../../src/identity/signing-keys.rules.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21);
const key = (signsFromMs: number, signsUntilMs: number | null = null) => ({ signsFromMs, signsUntilMs });

describe("a key", () => {
  test("is published, signs, is believed for a day more, and is over", () => {
    const [old, next] = [key(0, NOW_MS), key(NOW_MS)];
    const statesAt = (nowMs: number) => [old, next].map((one) => stateOf(one, [old, next], nowMs));
    expect(statesAt(NOW_MS - 1)).toEqual(["signing", "next"]);
    expect(statesAt(NOW_MS)).toEqual(["retired", "signing"]);
    expect(statesAt(NOW_MS + OVERLAP_SECONDS * 1000 - 1)).toEqual(["retired", "signing"]);
    expect(statesAt(NOW_MS + OVERLAP_SECONDS * 1000)).toEqual(["expired", "signing"]);
  });

  test("begins ten minutes after it was made, or at once where none signs", () => {
    expect(signsFrom([key(0)], NOW_MS)).toBe(NOW_MS + LEAD_MS);
    expect(signsFrom([key(0, NOW_MS)], NOW_MS)).toBe(NOW_MS);
    expect(signsFrom([], NOW_MS)).toBe(NOW_MS);
  });
});

test("the next one is due 30 days after the youngest began", () => {
  expect(isDue([key(NOW_MS - 30 * DAY_MS)], NOW_MS)).toBe(true);
  expect(isDue([key(NOW_MS - 30 * DAY_MS + 1)], NOW_MS)).toBe(false);
  expect(isDue([key(NOW_MS - 40 * DAY_MS), key(NOW_MS + LEAD_MS)], NOW_MS)).toBe(false);
  expect(isDue([], NOW_MS)).toBe(false);
});
