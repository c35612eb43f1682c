import { describe, expect, test } from "vitest";
import { limitStates } from "../../src/admission/limit-states.rules.ts";
import type { Meter } from "../../src/admission/meters.rules.ts";
import type { Limits, Subject } from "../../src/admission/policies.rules.ts";

const NOW_MS = Date.parse("2026-11-20T12:00:00Z");
const MICRO = 1_000_000;

const LIMITS: Limits = {
  rates: [
    { name: "inference", per: "tenant", endpoint: "infer", burst: 10, ratePerSecond: 2 },
    { name: "per-key", per: "key", endpoint: "infer", burst: 5, ratePerSecond: 1 },
  ],
  quotas: [
    { name: "month", per: "tenant", unit: "inferences", window: "month", limit: 100, isSoft: false },
    { name: "day", per: "model", unit: "bytes_in", window: "day", limit: 1_000, isSoft: false },
  ],
  concurrency: [{ name: "at-a-time", per: "tenant", limit: 4 }],
};

function remainingOf(per: Subject, subject: string, meters: Record<string, Partial<Meter>>, inFlight = 0) {
  const meterOf = (id: string): Meter | undefined => {
    const meter = meters[id];
    return meter && { amount: 0, held: 0, atMs: NOW_MS, raisedPercent: 0, ...meter };
  };
  const states = limitStates(LIMITS, [per, subject], { meterOf, inFlight: () => inFlight }, NOW_MS, 0);
  return states.map(({ policy, remaining, resetMs }) => [policy, remaining, resetMs]);
}

const MONTH_ENDS_MS = Date.parse("2026-12-01T00:00:00Z") - NOW_MS;

describe("limits that nobody asks of", () => {
  test("are full where nothing was used", () => {
    expect(remainingOf("tenant", "tenant", {})).toEqual([
      ["inference", 10, 0],
      ["month", 100, MONTH_ENDS_MS],
      ["at-a-time", 4, 1000],
    ]);
  });

  test("have refilled since a call last took from them", () => {
    // 1.5 tokens a second ago, and 2 a second: 3.5, and half a second to the next whole one: 0.5 / 2 s
    const bucket = { amount: 1.5 * MICRO, atMs: NOW_MS - 1000 };
    expect(remainingOf("tenant", "tenant", { "inference tenant": bucket })[0]).toEqual(["inference", 3, 250]);
  });

  test("count what is used and held in the window of now, and nothing of an earlier one", () => {
    const startMs = Date.parse("2026-11-01T00:00:00Z");
    const used = (atMs: number) =>
      remainingOf("tenant", "tenant", { "month inferences tenant": { amount: 30, held: 5, atMs } })[1];
    expect(used(startMs)).toEqual(["month", 70, MONTH_ENDS_MS]);
    expect(used(startMs - 1)).toEqual(["month", 100, MONTH_ENDS_MS]);
  });

  test("of what runs at a time never have less than nothing left", () => {
    expect(remainingOf("tenant", "tenant", {}, 3)[2]).toEqual(["at-a-time", 1, 1000]);
    expect(remainingOf("tenant", "tenant", {}, 7)[2]).toEqual(["at-a-time", 0, 1000]);
  });

  test("are those of the subject alone", () => {
    const meters = {
      "per-key key_1": { amount: 2 * MICRO },
      "day bytes_in mdl_1": { amount: 400, atMs: NOW_MS - 43_200_000 },
    };
    expect(remainingOf("key", "key_1", meters)).toEqual([["per-key", 2, 1000]]);
    expect(remainingOf("key", "key_2", meters)).toEqual([["per-key", 5, 0]]);
    expect(remainingOf("model", "mdl_1", meters)).toEqual([["day", 600, 43_200_000]]);
  });
});
