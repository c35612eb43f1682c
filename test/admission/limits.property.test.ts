import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Limits, Quota, RateLimit } from "../../src/admission/policies.rules.ts";
import { HOUR_MS, LimiterModel } from "./limiter-model.ts";

const anyRate = fc.record({
  name: fc.constantFrom("fast", "faster"),
  per: fc.constantFrom("tenant", "key", "model"),
  endpoint: fc.constant("infer"),
  burst: fc.integer({ min: 1, max: 5 }),
  ratePerSecond: fc.integer({ min: 1, max: 20 }),
}) satisfies fc.Arbitrary<RateLimit>;

const anyQuota = fc.record({
  name: fc.constantFrom("much", "more", "most"),
  per: fc.constantFrom("tenant", "key", "model"),
  unit: fc.constantFrom("requests", "inferences", "compute_ms", "bytes_in", "bytes_out", "micro_usd"),
  window: fc.constantFrom("hour", "day", "ever"),
  limit: fc.integer({ min: 0, max: 5_000 }),
  isSoft: fc.boolean(),
}) satisfies fc.Arbitrary<Quota>;

const anyConcurrency = fc.record({
  name: fc.constant("at-once"),
  per: fc.constantFrom("tenant", "key", "model"),
  limit: fc.integer({ min: 1, max: 4 }),
}) satisfies fc.Arbitrary<Limits["concurrency"][number]>;

const byName = { selector: ({ name }: { name: string }) => name };
const anyLimits = fc.record({
  rates: fc.uniqueArray(anyRate, { maxLength: 2, ...byName }),
  quotas: fc.uniqueArray(anyQuota, { maxLength: 3, ...byName }),
  concurrency: fc.uniqueArray(anyConcurrency, { maxLength: 1, ...byName }),
}) satisfies fc.Arbitrary<Limits>;

type Act = (model: LimiterModel) => void;
const aCall: fc.Arbitrary<Act> = fc
  .record({ key: fc.nat(1), model: fc.nat(1), bytesIn: fc.nat(900) })
  .map((call) => (model) => model.call(call));
const anEnd: fc.Arbitrary<Act> = fc.tuple(fc.nat(20), fc.nat(100), fc.boolean()).map(
  ([index, percent, isOurFault]) =>
    (model) =>
      model.settle(index, percent, isOurFault),
);
const forward: fc.Arbitrary<Act> = fc.oneof(fc.nat(500), fc.nat(2 * HOUR_MS)).map((ms) => (model) => model.step(ms));
/** A clock that is up to half of the shortest window off, and comes back. */
const jitter: fc.Arbitrary<Act> = fc
  .tuple(fc.integer({ min: 0, max: HOUR_MS / 2 }), aCall, anEnd)
  .map(([ms, call, end]) => (model) => {
    model.step(-ms);
    call(model);
    end(model);
    model.step(ms);
  });
/** A clock that is anywhere, years away even. */
const jump: fc.Arbitrary<Act> = fc
  .integer({ min: -30_000 * HOUR_MS, max: 30_000 * HOUR_MS })
  .map((ms) => (model) => model.step(Math.max(ms, -model.nowMs)));

function acts(...others: fc.Arbitrary<Act>[]): fc.Arbitrary<Act[]> {
  return fc.array(fc.oneof({ weight: 4, arbitrary: aCall }, { weight: 2, arbitrary: anEnd }, ...others), {
    maxLength: 60,
  });
}

/** Let all this happen, and look at the limiter after each step. */
function play(limits: Limits, some: readonly Act[], look: (model: LimiterModel) => void): void {
  const model = new LimiterModel(limits);
  for (const act of some) {
    act(model);
    look(model);
  }
}

describe("whatever is called, ends and happens to the clock by up to half a window", () => {
  const moments = acts(forward, jitter);

  test("a bucket grants no more than burst + rate · the way that the clock went", () => {
    fc.assert(
      fc.property(anyLimits, moments, (limits, some) => {
        play(limits, some, ({ drawn }) => {
          for (const [id, { calls, wayMs }] of drawn) {
            const { burst, ratePerSecond } = limits.rates.find(({ name }) => id.startsWith(`${name} `)) ?? {
              burst: 0,
              ratePerSecond: 0,
            };
            expect(calls * 1_000).toBeLessThanOrEqual(burst * 1_000 + ratePerSecond * wayMs);
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  test("what is taken of a hard quota never exceeds it in a window, nor what runs at a time its limit", () => {
    const hard = anyLimits.map((limits) => ({
      ...limits,
      quotas: limits.quotas.map((quota) => ({ ...quota, isSoft: false })),
    }));
    fc.assert(
      fc.property(hard, moments, (limits, some) => {
        play(limits, some, ({ taken, running }) => {
          // The size of an answer is known only afterwards: each call may pass the limit by its own.
          for (const { name, limit } of limits.quotas.filter(({ unit }) => unit !== "bytes_out")) {
            const amounts = [...taken].filter(([id]) => id.startsWith(`${name} `)).map(([, amount]) => amount);
            expect(Math.max(0, ...amounts)).toBeLessThanOrEqual(limit);
          }
          for (const { limit, per } of limits.concurrency) {
            const subjects = running.map(
              ({ demand }) => ({ tenant: "", key: demand.keyId, model: demand.modelId })[per],
            );
            for (const [, runs] of Map.groupBy(subjects, (subject) => subject)) {
              expect(runs.length).toBeLessThanOrEqual(limit);
            }
          }
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test("a meter has exactly what was taken and is held in its window: nothing is lost, nothing given back twice", () => {
    fc.assert(
      fc.property(anyLimits, moments, (limits, some) => {
        play(limits, some, ({ meters, taken, running }) => {
          for (const { name, unit } of limits.quotas) {
            for (const [id, { amount, held, atMs }] of meters) {
              if (!id.startsWith(`${name} ${unit} `)) continue;
              expect(amount).toBe(taken.get(`${id} ${atMs}`));
              const holds = running.flatMap((run) => run.holds);
              const own = holds.filter(({ meterId, windowStartMs }) => meterId === id && windowStartMs === atMs);
              expect(held).toBe(own.reduce((sum, hold) => sum + hold.amount, 0));
            }
          }
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test("a run is given some time, and no more than its own limit", () => {
    fc.assert(
      fc.property(anyLimits, moments, (limits, some) => {
        play(limits, some, ({ running }) => {
          for (const { runLimitMs } of running) {
            expect(Number.isInteger(runLimitMs)).toBe(true);
            expect(runLimitMs).toBeGreaterThanOrEqual(1);
            expect(runLimitMs).toBeLessThanOrEqual(1_000);
          }
        });
      }),
    );
  });
});

describe("whatever the clock does, for years even", () => {
  test("meters hold whole amounts of at least nothing, no bucket more than its burst, and whatever is at fault is over in a window", () => {
    fc.assert(
      fc.property(anyLimits, acts(forward, jitter, jump), (limits, some) => {
        const model = new LimiterModel(limits);
        for (const act of some) act(model);
        for (const { amount, held } of model.meters.values()) {
          expect([Number.isSafeInteger(amount), Number.isSafeInteger(held)]).toEqual([true, true]);
          expect([amount >= 0, held >= 0]).toEqual([true, true]);
        }
        for (const { name, burst } of limits.rates) {
          const buckets = [...model.meters].filter(([id]) => id.startsWith(`${name} `));
          expect(Math.max(0, ...buckets.map(([, { amount }]) => amount))).toBeLessThanOrEqual(burst * 1_000_000);
        }
        while (model.running.length > 0) model.settle(0, 0, true);
        // Two days on, whichever window a meter was left in is over, but for all time.
        model.step(48 * HOUR_MS);
        const isRefusedForever = limits.quotas.some(({ window, limit }) => window === "ever" || limit < 2_000);
        expect(isRefusedForever || model.call({ key: 0, model: 0, bytesIn: 1 })).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
