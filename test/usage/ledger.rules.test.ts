import { describe, expect, test } from "vitest";
import { chargedUnits, claimState, runningLeaseMs } from "../../src/usage/ledger.rules.ts";

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
  const leaseMs = runningLeaseMs(10_000);

  test("counts as running while it is not settled: for as long as a run may take and 50 s more", () => {
    expect(leaseMs).toBe(60_000); // 10,000 + 50,000
    expect(claimState("pending", 0, leaseMs)).toBe("running");
    expect(claimState("pending", leaseMs - 1, leaseMs)).toBe("running");
  });

  test("counts as charged once its lease has ended without a settlement", () => {
    expect(claimState("pending", leaseMs, leaseMs)).toBe("charged");
  });

  test("counts as charged at once when it was answered", () => {
    expect(claimState("ok", 0, leaseMs)).toBe("charged");
  });
});
