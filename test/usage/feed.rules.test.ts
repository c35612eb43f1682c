import { describe, expect, test } from "vitest";
import { newId } from "../../src/shared/ids.ts";
import { type FeedEvent, Second, limitFrames, restOfSecondMs, secondOf } from "../../src/usage/feed.rules.ts";
import { type Settlement, chargeOf, settlementOf } from "../../src/usage/ledger.rules.ts";
import { settlementOf as endOf } from "../support/cell.ts";

const SECOND_MS = Date.parse("2026-11-20T12:00:00Z");
const entryId = newId("ent", SECOND_MS);
const charged = {
  entryId,
  atMs: SECOND_MS,
  keyId: newId("key", 1),
  modelId: newId("mdl", 1),
  model: "m",
  versionId: newId("ver", 1),
  version: 1,
  runtime: "isolate",
  rates: { inferenceMicroUsd: 100, computeSecondMicroUsd: 2_000 },
  idempotencyKey: null,
} as const;

const admitted: FeedEvent = { kind: "admitted", charged, delta: chargeOf(charged.rates) };

function settled(changed: Partial<Settlement>): FeedEvent {
  const settlement = endOf(entryId, changed);
  return { kind: "settled", charged, settlement, delta: settlementOf(charged, settlement, 60_000) };
}

function tickOf(...events: FeedEvent[]) {
  const second = new Second(SECOND_MS);
  for (const event of events) second.count(event);
  return second.tick(0, []);
}

describe("a second", () => {
  test("in which nothing happened is all noughts, and measures nothing", () => {
    expect(tickOf()).toEqual({
      type: "tick",
      at: "2026-11-20T12:00:00.000Z",
      admitted: 0,
      refused: {},
      settled: { ok: 0, rejected: 0, failed: 0, unsettled: 0 },
      compute_latency_ms: { p50: null, p95: null, p99: null },
      queue_latency_ms: { p50: null, p95: null, p99: null },
      compute_ms: 0,
      bytes_in: 0,
      bytes_out: 0,
      cost_micro_usd: 0,
      in_flight: 0,
      limits: [],
    });
  });

  test("adds up what was admitted and how it ended", () => {
    const { keyId, modelId } = charged;
    const refused = (reason: string): FeedEvent => ({ kind: "refused", keyId, modelId, reason });
    const tick = tickOf(
      admitted,
      admitted,
      refused("quota-exceeded"),
      refused("quota-exceeded"),
      refused("model-not-found"),
      settled({ computeMs: 7, bytesIn: 10, bytesOut: 20 }),
      settled({ outcome: "failed", computeMs: 2, bytesIn: 10, bytesOut: 0 }),
      settled({ outcome: "unsettled", computeMs: 0, bytesIn: 0, bytesOut: 0 }),
    );
    // 2 charges of 100; 7 ms at 2,000 a second = 14; one charge given back: 200 + 14 − 100
    expect(tick).toMatchObject({
      admitted: 2,
      refused: { "quota-exceeded": 2, "model-not-found": 1 },
      settled: { ok: 1, rejected: 0, failed: 1, unsettled: 1 },
      compute_ms: 9,
      bytes_in: 20,
      bytes_out: 20,
      cost_micro_usd: 114,
    });
  });

  test("tells the percentiles, in milliseconds, of those that were answered", () => {
    const answered = Array.from({ length: 95 }, () => settled({ computeMicros: 4_000, queueMicros: 5 }));
    const slow = Array.from({ length: 5 }, () => settled({ computeMicros: 64_000, queueMicros: 5 }));
    const failed = Array.from({ length: 900 }, () => settled({ outcome: "failed", computeMicros: 900_000 }));
    const { compute_latency_ms: compute, queue_latency_ms: queue } = tickOf(...answered, ...slow, ...failed);
    // 4,000 lies in [3,840, 4,096), whose middle is 3,967.5; 64,000 in [61,440, 65,536), whose middle is 63,487.5
    expect(compute).toEqual({ p50: 3.9675, p95: 3.9675, p99: 63.4875 });
    expect(queue).toEqual({ p50: 0.005, p95: 0.005, p99: 0.005 });
  });

  test("names a hundred keys and models at most, and counts the inferences of all", () => {
    const second = new Second(SECOND_MS);
    for (let i = 0; i < 150; i++) {
      second.count({ kind: "refused", keyId: `key_${i}`, modelId: newId("mdl", i), reason: "quota-exceeded" });
    }
    expect([second.keyIds.size, second.modelIds.size]).toEqual([100, 100]);
    expect(second.tick(0, []).refused).toEqual({ "quota-exceeded": 150 });
  });

  test("begins at its whole second, and its rest is never nothing", () => {
    expect([secondOf(5_000), secondOf(5_999)]).toEqual([5_000, 5_000]);
    expect([restOfSecondMs(5_000), restOfSecondMs(5_001), restOfSecondMs(5_999)]).toEqual([1000, 999, 1]);
  });
});

test("a limit is shown with the seconds until there is more, rounded up, or none where time brings nothing", () => {
  const state = { policy: "p", quota: 10, unit: undefined, windowSeconds: 60, remaining: 4, resetMs: 1_001 };
  const shown = limitFrames(["key", "key_1"], [state, { ...state, unit: "listeners", windowSeconds: undefined }]);
  const frame = { name: "p", per: "key", subject: "key_1", limit: 10, remaining: 4 };
  expect(shown).toEqual([
    { ...frame, unit: null, reset_seconds: 2 },
    { ...frame, unit: "listeners", reset_seconds: null },
  ]);
});
