import { describe, expect, test } from "vitest";
import { type Demand, weigh } from "../../src/admission/limits.rules.ts";
import type { Meter } from "../../src/admission/meters.rules.ts";
import type { ConcurrencyLimit, Limits, Quota, RateLimit } from "../../src/admission/policies.rules.ts";
import { newId } from "../../src/shared/ids.ts";

const HOUR_MS = 3_600_000;
/** Half past an hour. */
const NOW_MS = 500 * HOUR_MS + HOUR_MS / 2;
const CALL = 1_000_000; // micro-tokens

const [keyId, otherKey, modelId] = [newId("key", 0), newId("key", 1), newId("mdl", 0)];
const inference: Demand = {
  endpoint: "infer",
  keyId,
  modelId,
  bytesIn: 400,
  run: { priceMicroUsd: 100, computeMicroUsdPerSecond: 2_000, limitMs: 10_000 },
};
const read: Demand = { endpoint: "read", keyId, modelId: undefined, bytesIn: 0, run: undefined };

function rate(changed: Partial<RateLimit> = {}): RateLimit {
  return { name: "rate", per: "tenant", endpoint: "infer", burst: 2, ratePerSecond: 4, ...changed };
}
function quota(changed: Partial<Quota> = {}): Quota {
  return { name: "quota", per: "tenant", unit: "inferences", window: "hour", limit: 10, isSoft: false, ...changed };
}
function concurrency(changed: Partial<ConcurrencyLimit> = {}): ConcurrencyLimit {
  return { name: "at-once", per: "tenant", limit: 2, ...changed };
}
function limits(some: Partial<Limits>): Limits {
  return { rates: [], quotas: [], concurrency: [], ...some };
}

/** Meters as a cell keeps them, and what runs. The meters are frozen: weighing can change none of them. */
class Kept {
  readonly meters: Map<string, Meter>;
  readonly running: Readonly<Record<string, number>>;

  constructor(meters: Record<string, Partial<Meter>> = {}, running: Record<string, number> = {}) {
    const whole = (meter: Partial<Meter>): Meter =>
      Object.freeze({ amount: 0, held: 0, atMs: 0, raisedPercent: 0, ...meter });
    this.meters = new Map(Object.entries(meters).map(([id, meter]) => [id, whole(meter)]));
    this.running = running;
  }

  /** Weigh a call, and keep what that leads to. */
  weigh(some: Partial<Limits>, demand = inference, nowMs = NOW_MS) {
    const weighed = weigh(
      limits(some),
      { meterOf: (id) => this.meters.get(id), inFlight: (id) => this.running[id] ?? 0 },
      demand,
      nowMs,
      0,
    );
    if (weighed.kind === "within") for (const [id, meter] of weighed.meters) this.meters.set(id, Object.freeze(meter));
    return weighed;
  }
}

describe("a bucket", () => {
  test("is full at first, and a call takes one from it", () => {
    const kept = new Kept();
    // 1 of 2 is left; 1 more in 1 s / 4 = 250 ms; 2 at 4 a second fill in 0.5 s, 1 whole.
    const closest = { policy: "rate", quota: 2, unit: undefined, windowSeconds: 1, remaining: 1, resetMs: 250 };
    expect(kept.weigh({ rates: [rate()] })).toMatchObject({ kind: "within", closest, runLimitMs: 10_000 });
    expect(kept.meters.get("rate tenant")).toEqual({ amount: CALL, held: 0, atMs: NOW_MS, raisedPercent: 0 });
  });

  test("grants nothing for less than a whole call", () => {
    const kept = new Kept({ "rate tenant": { amount: CALL - 1, atMs: NOW_MS } });
    expect(kept.weigh({ rates: [rate()] }).kind).toBe("exceeded");
    expect(new Kept({ "rate tenant": { amount: CALL, atMs: NOW_MS } }).weigh({ rates: [rate()] })).toMatchObject({
      closest: { remaining: 0, resetMs: 250 },
    });
  });

  test("that is exhausted says when there is one call again", () => {
    // 0.25 calls; 0.75 more at 4 a second take 187.5 ms.
    const kept = new Kept({ "rate tenant": { amount: CALL / 4, atMs: NOW_MS } });
    const violated = { policy: "rate", quota: 2, unit: undefined, windowSeconds: 1, remaining: 0, resetMs: 188 };
    expect(kept.weigh({ rates: [rate()] })).toEqual({ kind: "exceeded", violated: [violated] });
  });

  test("per tenant is shared; one per key is each key's; one per model is each model's", () => {
    const one = { burst: 1 };
    const grants = (per: RateLimit["per"], second: Demand): string[] => {
      const kept = new Kept();
      return [inference, second].map((demand) => kept.weigh({ rates: [rate({ per, ...one })] }, demand).kind);
    };
    const byOtherKey = { ...inference, keyId: otherKey };
    const ofOtherModel = { ...inference, modelId: newId("mdl", 1) };
    expect(grants("tenant", byOtherKey)).toEqual(["within", "exceeded"]);
    expect(grants("key", byOtherKey)).toEqual(["within", "within"]);
    expect(grants("key", ofOtherModel)).toEqual(["within", "exceeded"]);
    expect(grants("model", ofOtherModel)).toEqual(["within", "within"]);
    expect(grants("model", byOtherKey)).toEqual(["within", "exceeded"]);
  });

  test.each(["read", "write", "infer", "admin"] as const)("for %s is not drawn from by any other class", (endpoint) => {
    const drawing = (["read", "write", "infer", "admin"] as const).filter((other) => {
      const weighed = new Kept().weigh({ rates: [rate({ endpoint })] }, { ...read, endpoint: other });
      return weighed.kind === "within" && weighed.meters.size > 0;
    });
    expect(drawing).toEqual([endpoint]);
  });
});

describe("a quota", () => {
  test("counts in its window, and is told with what is left and when the window ends", () => {
    const kept = new Kept({ "quota inferences tenant": { amount: 3, atMs: 500 * HOUR_MS } });
    const state = {
      policy: "quota",
      quota: 10,
      unit: undefined,
      windowSeconds: 3_600,
      remaining: 6,
      resetMs: 1_800_000,
    };
    expect(kept.weigh({ quotas: [quota()] })).toMatchObject({ closest: state });
    expect(kept.meters.get("quota inferences tenant")).toMatchObject({ amount: 4, held: 1, atMs: 500 * HOUR_MS });
  });

  test("begins anew with the next window", () => {
    const kept = new Kept({ "quota inferences tenant": { amount: 10, held: 2, atMs: 500 * HOUR_MS } });
    expect(kept.weigh({ quotas: [quota()] }).kind).toBe("exceeded");
    expect(kept.weigh({ quotas: [quota()] }, inference, 501 * HOUR_MS - 1).kind).toBe("exceeded");
    expect(kept.weigh({ quotas: [quota()] }, inference, 501 * HOUR_MS).kind).toBe("within");
    expect(kept.meters.get("quota inferences tenant")).toMatchObject({ amount: 1, held: 1, atMs: 501 * HOUR_MS });
  });

  test.each([
    ["requests", 1, undefined],
    ["inferences", 1, undefined],
    ["compute_ms", 10_000, "compute-ms"], // the run's limit
    ["bytes_in", 400, "content-bytes"], // as announced
    ["bytes_out", 0, "response-bytes"], // known only afterwards
    ["micro_usd", 20_100, "micro-usd"], // 100 + 10 s · 2,000
  ] as const)("of %s holds %i for an inference, told in the unit %s", (unit, amount, told) => {
    const kept = new Kept();
    const weighed = kept.weigh({ quotas: [quota({ unit, limit: 100_000 })] });
    const hold = { meterId: `quota ${unit} tenant`, windowStartMs: 500 * HOUR_MS, unit, amount };
    expect(weighed).toMatchObject({ kind: "within", holds: [hold], closest: { unit: told } });
    expect(kept.meters.get(hold.meterId)).toMatchObject({ amount, held: amount });
  });

  test("of requests counts reads too, with nothing held; the others don't", () => {
    for (const unit of ["inferences", "compute_ms", "bytes_in", "bytes_out", "micro_usd"] as const) {
      expect(new Kept().weigh({ quotas: [quota({ unit, limit: 0 })] }, read), unit).toMatchObject({
        meters: new Map(),
      });
    }
    const kept = new Kept();
    expect(kept.weigh({ quotas: [quota({ unit: "requests", limit: 1 })] }, read)).toMatchObject({ holds: [] });
    expect(kept.meters.get("quota requests tenant")).toMatchObject({ amount: 1, held: 0 });
    expect(kept.weigh({ quotas: [quota({ unit: "requests", limit: 1 })] }, read).kind).toBe("exceeded");
  });

  test("of bytes that come in refuses what announces more than is left, and lets the last byte through", () => {
    const bytes = { unit: "bytes_in", limit: 400 } as const;
    expect(new Kept().weigh({ quotas: [quota(bytes)] }).kind).toBe("within");
    expect(new Kept().weigh({ quotas: [quota({ ...bytes, limit: 399 })] }).kind).toBe("exceeded");
    const silent = { ...inference, bytesIn: 0 };
    expect(new Kept().weigh({ quotas: [quota({ ...bytes, limit: 0 })] }, silent).kind).toBe("exceeded");
  });

  test("for all time has no window and no moment at which there is more", () => {
    const kept = new Kept();
    const ever = quota({ window: "ever", limit: 1 });
    const state = { policy: "quota", windowSeconds: undefined, remaining: 0, resetMs: undefined };
    expect(kept.weigh({ quotas: [ever] })).toMatchObject({ closest: state });
    expect(kept.weigh({ quotas: [ever] }, inference, NOW_MS * 1_000)).toMatchObject({ violated: [state] });
  });

  test("that counts another thing than before under the same name counts from nothing", () => {
    const kept = new Kept();
    kept.weigh({ quotas: [quota({ unit: "bytes_in", limit: 1_000 })] });
    kept.weigh({ quotas: [quota({ limit: 1_000 })] });
    expect(kept.meters.get("quota inferences tenant")).toMatchObject({ amount: 1 });
    expect(kept.meters.get("quota bytes_in tenant")).toMatchObject({ amount: 400 });
  });

  test("that is lowered below what was used refuses, and tells of nothing left", () => {
    const kept = new Kept({ "quota inferences tenant": { amount: 8, atMs: 500 * HOUR_MS } });
    expect(kept.weigh({ quotas: [quota({ limit: 5 })] })).toMatchObject({ violated: [{ quota: 5, remaining: 0 }] });
  });

  test("that is soft refuses nothing, cuts no run and is not told, but counts", () => {
    const kept = new Kept();
    const soft = quota({ unit: "micro_usd", limit: 1, isSoft: true });
    expect(kept.weigh({ quotas: [soft] })).toMatchObject({ kind: "within", runLimitMs: 10_000, closest: undefined });
    expect(kept.meters.get("quota micro_usd tenant")).toMatchObject({ amount: 20_100 });
  });
});

describe("the time that a run is given", () => {
  test("is cut to what is left of compute time, and that is held", () => {
    const kept = new Kept({ "quota compute_ms tenant": { amount: 3_000, atMs: 500 * HOUR_MS } });
    const compute = quota({ unit: "compute_ms", limit: 10_000 });
    // 10,000 − 3,000
    expect(kept.weigh({ quotas: [compute] })).toMatchObject({ runLimitMs: 7_000, holds: [{ amount: 7_000 }] });
    expect(kept.weigh({ quotas: [compute] }).kind).toBe("exceeded");
  });

  test("is cut to what can still be paid for", () => {
    const money = (limit: number): Quota => quota({ unit: "micro_usd", limit });
    // (150 − 100) · 1000 / 2,000 = 25 ms; it holds 100 + 25 · 2 = 150
    expect(new Kept().weigh({ quotas: [money(150)] })).toMatchObject({ runLimitMs: 25, holds: [{ amount: 150 }] });
    // Its price and one millisecond, 100 + 2, is the least
    expect(new Kept().weigh({ quotas: [money(102)] })).toMatchObject({ runLimitMs: 1, holds: [{ amount: 102 }] });
    expect(new Kept().weigh({ quotas: [money(101)] }).kind).toBe("exceeded");
  });

  test("is the least that any quota leaves, and every quota holds for that", () => {
    const some = [
      quota({ name: "compute", unit: "compute_ms", limit: 500 }),
      quota({ name: "money", unit: "micro_usd", limit: 5_000 }),
    ];
    // 500 ms of compute time; (5,000 − 100) / 2 = 2,450 ms of money: 500; 100 + 500 · 2 = 1,100
    expect(new Kept().weigh({ quotas: some })).toMatchObject({
      runLimitMs: 500,
      holds: [{ amount: 500 }, { amount: 1_100 }],
    });
  });

  test("is not bound by money where compute time costs nothing", () => {
    const run = { priceMicroUsd: 100, computeMicroUsdPerSecond: 0, limitMs: 10_000 };
    const weighed = new Kept().weigh({ quotas: [quota({ unit: "micro_usd", limit: 100 })] }, { ...inference, run });
    expect(weighed).toMatchObject({ runLimitMs: 10_000, holds: [{ amount: 100 }] });
  });
});

describe("concurrency", () => {
  test("refuses what is one too many of its subject, and counts inferences alone", () => {
    const state = {
      policy: "at-once",
      quota: 2,
      unit: "concurrent-requests",
      windowSeconds: undefined,
      remaining: 0,
      resetMs: 1_000,
    };
    expect(new Kept({}, { tenant: 1 }).weigh({ concurrency: [concurrency()] })).toMatchObject({ closest: state });
    const full = new Kept({}, { tenant: 2 });
    expect(full.weigh({ concurrency: [concurrency()] })).toEqual({ kind: "exceeded", violated: [state] });
    expect(full.weigh({ concurrency: [concurrency()] }, read).kind).toBe("within");
  });

  test("is counted per key and per model", () => {
    const busy = new Kept({}, { tenant: 9, [otherKey]: 5, [modelId]: 2 });
    expect(busy.weigh({ concurrency: [concurrency({ per: "key" })] }).kind).toBe("within");
    expect(busy.weigh({ concurrency: [concurrency({ per: "key" })] }, { ...inference, keyId: otherKey }).kind).toBe(
      "exceeded",
    );
    expect(busy.weigh({ concurrency: [concurrency({ per: "model" })] }).kind).toBe("exceeded");
  });
});

describe("several limits", () => {
  test("refuse together: every one that has nothing left is named, and none is drawn from", () => {
    const kept = new Kept({ "rate tenant": { atMs: NOW_MS } }, { tenant: 2 });
    const weighed = kept.weigh({
      rates: [rate(), rate({ name: "roomy", burst: 100 })],
      quotas: [quota(), quota({ name: "nothing", limit: 0 })],
      concurrency: [concurrency()],
    });
    if (weighed.kind !== "exceeded") throw new Error("Expected a refusal.");
    expect(weighed.violated.map(({ policy }) => policy)).toEqual(["at-once", "rate", "nothing"]);
    expect([...kept.meters.keys()]).toEqual(["rate tenant"]);
  });

  test("tell of the one that is closest to exhaustion, as a share of its size", () => {
    const closest = (some: Partial<Limits>): string | undefined => {
      const weighed = new Kept().weigh(some);
      return weighed.kind === "within" ? weighed.closest?.policy : undefined;
    };
    // 99 of 100 and 1 of 2 are left
    expect(closest({ rates: [rate({ name: "roomy", burst: 100 }), rate({ name: "tight", burst: 2 })] })).toBe("tight");
    // 9 of 10 and 1 of 2
    expect(closest({ rates: [rate()], quotas: [quota()] })).toBe("rate");
    // 0 of 1 and 1 of 2
    expect(closest({ rates: [rate()], quotas: [quota({ limit: 1 })] })).toBe("quota");
    expect(closest({})).toBeUndefined();
  });

  test("of one name but of another kind keep apart what they count", () => {
    const kept = new Kept();
    kept.weigh({ rates: [rate({ name: "same" })], quotas: [quota({ name: "same" })] });
    expect([...kept.meters.keys()]).toEqual(["same tenant", "same inferences tenant"]);
  });
});

describe("a clock that steps", () => {
  test("back over the beginning of a window stays in that window", () => {
    const kept = new Kept({ "quota inferences tenant": { amount: 10, atMs: 501 * HOUR_MS } });
    // Half an hour to the beginning of that window, and the hour that it lasts
    const state = { remaining: 0, resetMs: 1.5 * HOUR_MS };
    expect(kept.weigh({ quotas: [quota()] })).toMatchObject({ kind: "exceeded", violated: [state] });
  });

  test("back from far ahead was wrong: nobody waits until it is right", () => {
    const kept = new Kept({ "quota inferences tenant": { amount: 10, atMs: 9_000 * HOUR_MS } });
    expect(kept.weigh({ quotas: [quota()] })).toMatchObject({ kind: "within", closest: { remaining: 9 } });
    expect(kept.meters.get("quota inferences tenant")).toMatchObject({ amount: 1, atMs: 500 * HOUR_MS });
  });

  test("back refills no bucket and empties none", () => {
    const kept = new Kept({ "rate tenant": { amount: CALL, atMs: NOW_MS } });
    // It fills in 500 ms
    expect(kept.weigh({ rates: [rate()] }, inference, NOW_MS - 400).kind).toBe("within");
    expect(kept.weigh({ rates: [rate()] }, inference, NOW_MS - 400).kind).toBe("exceeded");
    expect(kept.weigh({ rates: [rate()] }, inference, NOW_MS - 150).kind).toBe("within");
  });
});
