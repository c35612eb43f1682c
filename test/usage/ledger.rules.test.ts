import { describe, expect, test } from "vitest";
import { RUNNING_LEASE_MS, chargedUnits, claimState } from "../../src/usage/ledger.rules.ts";

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

describe("an idempotency key's earlier request", () => {
  test("counts as running while it is not settled, for a minute", () => {
    expect(RUNNING_LEASE_MS).toBe(60_000);
    expect(claimState("pending", 0)).toBe("running");
    expect(claimState("pending", RUNNING_LEASE_MS - 1)).toBe("running");
  });

  test("counts as charged once its lease has ended without a settlement", () => {
    expect(claimState("pending", RUNNING_LEASE_MS)).toBe("charged");
  });

  test("counts as charged at once when it was answered", () => {
    expect(claimState("ok", 0)).toBe("charged");
  });
});
