import { describe, expect, test } from "vitest";
import { newId } from "../../src/shared/ids.ts";
import type { Settlement } from "../../src/usage/ledger.rules.ts";
import { type SettledEntry, figuresOf, statisticsOf } from "../../src/usage/statistics.rules.ts";
import { settlementOf } from "../support/cell.ts";

const [versionId, otherId] = [newId("ver", 1), newId("ver", 2)];

function entry(changed: Partial<Settlement> = {}, atMs = 1_000, version = versionId): SettledEntry {
  return { versionId: version, atMs, settlement: settlementOf(newId("ent", atMs), changed) };
}

const NOTHING = { count: 0, sumMicros: 0, p50Micros: null, p95Micros: null, p99Micros: null };

describe("statistics", () => {
  test("of a version that did nothing are nothing", () => {
    expect(statisticsOf([])).toEqual({
      inferences: 0,
      failures: {},
      failedMicros: 0,
      queue: NOTHING,
      compute: NOTHING,
      coldStart: NOTHING,
      bytesIn: 0,
      bytesOut: 0,
      lastUsedAtMs: null,
    });
  });

  test("add up what was answered: times, bytes, and when the last one came", () => {
    const figures = figuresOf([
      entry({ queueMicros: 4, computeMicros: 6, bytesIn: 10, bytesOut: 20 }, 3_000),
      entry({ queueMicros: 2, computeMicros: 1, bytesIn: 1, bytesOut: 2 }, 2_000),
    ]);
    const statistics = statisticsOf(figures);
    expect(statistics).toMatchObject({ inferences: 2, failures: {}, bytesIn: 11, bytesOut: 22, lastUsedAtMs: 3_000 });
    expect(statistics.queue).toEqual({ count: 2, sumMicros: 6, p50Micros: 2, p95Micros: 4, p99Micros: 4 });
    expect(statistics.compute).toEqual({ count: 2, sumMicros: 7, p50Micros: 1, p95Micros: 6, p99Micros: 6 });
    expect(statistics.coldStart).toEqual(NOTHING);
  });

  test("count what was rejected and failed by its reason, and keep its time apart", () => {
    const statistics = statisticsOf(
      figuresOf([
        entry({ outcome: "rejected", reason: "shape-mismatch", queueMicros: 1, computeMicros: 2 }),
        entry({ outcome: "rejected", reason: "shape-mismatch", queueMicros: 0, computeMicros: 3 }),
        entry({ outcome: "failed", reason: "run-timed-out", queueMicros: 0, computeMicros: 4 }),
        entry({ outcome: "failed", reason: undefined, queueMicros: 0, computeMicros: 0 }),
      ]),
    );
    expect(statistics.failures).toEqual({ "shape-mismatch": 2, "run-timed-out": 1, failed: 1 });
    expect(statistics).toMatchObject({ inferences: 0, failedMicros: 10, compute: NOTHING, queue: NOTHING });
    expect(statistics.lastUsedAtMs).toBe(1_000);
  });

  test("take waiting and running together as the time of a cold start", () => {
    const statistics = statisticsOf(
      figuresOf([entry({ isColdStart: true, queueMicros: 3, computeMicros: 4 }), entry()]),
    );
    expect(statistics.coldStart).toEqual({ count: 1, sumMicros: 7, p50Micros: 7, p95Micros: 7, p99Micros: 7 });
    expect(statistics.inferences).toBe(2);
  });

  test("of one version know nothing of another", () => {
    const figures = figuresOf([entry(), entry({}, 1_000, otherId), entry({}, 1_000, otherId)]);
    const of = (id: string) => statisticsOf(figures.filter((figure) => figure.versionId === id)).inferences;
    expect([of(versionId), of(otherId)]).toEqual([1, 2]);
  });

  test("write each figure once a batch, so that a batch costs what differs in it", () => {
    const figures = figuresOf(Array.from({ length: 64 }, () => entry()));
    // Bytes in and out, last used, two sums and two buckets.
    expect(figures).toHaveLength(7);
  });
});
