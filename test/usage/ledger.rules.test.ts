import { describe, expect, test } from "vitest";
import { chargedUnits, runningLeaseMs } from "../../src/usage/ledger.rules.ts";

describe("chargedUnits", () => {
  test("is one for an answer, and for what may have become one", () => {
    expect(chargedUnits("ok")).toBe(1);
    expect(chargedUnits("pending")).toBe(1);
  });

  test("is nothing for what was refused or failed", () => {
    expect(chargedUnits("rejected")).toBe(0);
    expect(chargedUnits("failed")).toBe(0);
  });
});

test("an inference counts as running for as long as its run may take and 50 s more", () => {
  expect(runningLeaseMs(10_000)).toBe(60_000); // 10,000 + 50,000
});
