import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { newId } from "../../src/shared/ids.ts";
import {
  type Charged,
  type Rates,
  chargeOf,
  chargedUnits,
  runningLeaseMs,
  settlementOf,
} from "../../src/usage/ledger.rules.ts";
import { settlementOf as endOf } from "../support/cell.ts";

const entryId = newId("ent", 0);

function chargedAt(rates: Rates): Charged {
  return {
    entryId,
    atMs: 0,
    keyId: newId("key", 0),
    modelId: newId("mdl", 0),
    model: "m",
    versionId: newId("ver", 0),
    version: 1,
    runtime: "isolate",
    rates,
    idempotencyKey: null,
  };
}

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

describe("what an inference costs", () => {
  const rates = { inferenceMicroUsd: 100, computeSecondMicroUsd: 2_500 };
  const charged = chargedAt(rates);

  test("is its price from its admission on", () => {
    expect(chargeOf(rates)).toEqual({ units: 1, costMicroUsd: 100, computeMs: 0, bytesIn: 0, bytesOut: 0 });
  });

  test("is its compute time besides, rounded up, once it was answered", () => {
    const answered = { units: 0, computeMs: 3, bytesIn: 10, bytesOut: 20 };
    // 3 ms · 2,500 / 1000 = 7.5
    const delta = settlementOf(charged, endOf(entryId, { computeMs: 3 }), 10_000);
    expect(delta).toEqual({ ...answered, costMicroUsd: 8 });
  });

  test("is its compute time up to the limit that it was admitted with", () => {
    // 40 ms · 2,500 / 1000 = 100
    const delta = settlementOf(charged, endOf(entryId, { computeMs: 41 }), 40);
    expect(delta).toMatchObject({ computeMs: 40, costMicroUsd: 100 });
  });

  test.each(["rejected", "failed"] as const)(
    "is given back when it was %s, and what it took is still told",
    (outcome) => {
      const delta = settlementOf(charged, endOf(entryId, { outcome, computeMs: 3 }), 10_000);
      expect(delta).toEqual({ units: -1, costMicroUsd: -100, computeMs: 3, bytesIn: 10, bytesOut: 20 });
    },
  );

  test("stays its price when nobody said how it ended", () => {
    const unknown = { outcome: "unsettled", computeMs: 0, bytesIn: 0, bytesOut: 0 } as const;
    const delta = settlementOf(charged, endOf(entryId, unknown), 10_000);
    expect(delta).toEqual({ units: 0, costMicroUsd: 0, computeMs: 0, bytesIn: 0, bytesOut: 0 });
  });

  test("is a whole number of at least nothing in the end, and never more than its price and its limit are worth", () => {
    const price = fc.nat(1_000_000);
    const outcome = fc.constantFrom("ok", "rejected", "failed", "unsettled");
    fc.assert(
      fc.property(price, price, outcome, fc.nat(300_000), fc.nat(300_000), (each, second, how, computeMs, limitMs) => {
        const own = { inferenceMicroUsd: each, computeSecondMicroUsd: second };
        const delta = settlementOf(chargedAt(own), endOf(entryId, { outcome: how, computeMs }), limitMs);
        const cost = chargeOf(own).costMicroUsd + delta.costMicroUsd;
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(cost).toBeGreaterThanOrEqual(0);
        expect(cost).toBeLessThanOrEqual(each + Math.ceil((limitMs * second) / 1000));
      }),
    );
  });
});
