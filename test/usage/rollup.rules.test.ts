import { describe, expect, test } from "vitest";
import { newId } from "../../src/shared/ids.ts";
import { type Charged, type Delta, chargeOf, settlementOf } from "../../src/usage/ledger.rules.ts";
import { RollupChanges } from "../../src/usage/rollup.rules.ts";
import { settlementOf as endOf } from "../support/cell.ts";

const MINUTE_MS = 60_000;
const rates = { inferenceMicroUsd: 100, computeSecondMicroUsd: 2_000 };

const [keyId, versionId] = [newId("key", 0), newId("ver", 0)];

function chargedAt(atMs: number, changed: Partial<Charged> = {}): Charged {
  return {
    entryId: newId("ent", 0),
    atMs,
    keyId,
    modelId: newId("mdl", 0),
    model: "m",
    versionId,
    version: 1,
    runtime: "isolate",
    rates,
    idempotencyKey: null,
    ...changed,
  };
}
/** What the rows say, by outcome and minute. */
function sums(changes: RollupChanges) {
  return [...changes.rows].map(({ startMs, outcome, count, units, costMicroUsd, computeMs, bytesIn, bytesOut }) => {
    return [startMs / MINUTE_MS, outcome, { count, units, costMicroUsd, computeMs, bytesIn, bytesOut }];
  });
}

const zero: Delta & { count: number } = { count: 0, units: 0, costMicroUsd: 0, computeMs: 0, bytesIn: 0, bytesOut: 0 };

describe("the changes of a batch in the usage by minute", () => {
  test("are one row for what is admitted in the same minute", () => {
    const changes = new RollupChanges();
    for (const atMs of [0, 59_999, 60_000]) changes.charge(chargedAt(atMs), chargeOf(rates));
    expect(sums(changes)).toEqual([
      [0, "pending", { ...zero, count: 2, units: 2, costMicroUsd: 200 }],
      [1, "pending", { ...zero, count: 1, units: 1, costMicroUsd: 100 }],
    ]);
  });

  test("keep keys, versions and outcomes apart", () => {
    const changes = new RollupChanges();
    const others = [{}, { keyId: newId("key", 1) }, { versionId: newId("ver", 1) }];
    for (const other of others) changes.charge(chargedAt(0, other), chargeOf(rates));
    expect(sums(changes)).toHaveLength(3);
  });

  test("move what ended from pending to its outcome, in the minute of its admission", () => {
    const changes = new RollupChanges();
    const charged = chargedAt(5 * MINUTE_MS);
    const end = endOf(charged.entryId, { computeMs: 7, bytesIn: 10, bytesOut: 20 });
    changes.settle(charged, "ok", chargeOf(rates), settlementOf(charged, end, 10_000));
    expect(sums(changes)).toEqual([
      [5, "pending", { ...zero, count: -1, units: -1, costMicroUsd: -100, computeMs: -0, bytesIn: -0, bytesOut: -0 }],
      // 100 + 7 ms · 2 a millisecond
      [5, "ok", { count: 1, units: 1, costMicroUsd: 114, computeMs: 7, bytesIn: 10, bytesOut: 20 }],
    ]);
  });

  test("of what was charged and ended in one batch leave nothing pending, and a failure costs nothing", () => {
    const changes = new RollupChanges();
    const charged = chargedAt(0);
    changes.charge(charged, chargeOf(rates));
    const end = endOf(charged.entryId, { outcome: "failed", computeMs: 7, bytesIn: 10, bytesOut: 0 });
    changes.settle(charged, "failed", chargeOf(rates), settlementOf(charged, end, 10_000));
    expect(sums(changes)).toEqual([
      [0, "pending", zero],
      [0, "failed", { ...zero, count: 1, computeMs: 7, bytesIn: 10 }],
    ]);
  });
});
