import { describe, expect, test } from "vitest";
import { type Meter, settleHold } from "../../src/admission/meters.rules.ts";

const HOUR_MS = 3_600_000;

describe("what was held", () => {
  const held = { meterId: "quota compute_ms tenant", windowStartMs: 0, unit: "compute_ms", amount: 100 } as const;
  const meter: Meter = { amount: 350, held: 150, atMs: 0, raisedPercent: 80 };

  test("is replaced by what was taken, be it less, nothing or more", () => {
    // 350 − 100 + 30
    expect(settleHold(meter, held, 30)).toEqual({ amount: 280, held: 50, atMs: 0, raisedPercent: 80 });
    expect(settleHold(meter, held, 0)).toMatchObject({ amount: 250, held: 50 });
    expect(settleHold(meter, held, 120)).toMatchObject({ amount: 370, held: 50 });
  });

  test("in a window that is over changes nothing of the next", () => {
    expect(settleHold({ ...meter, atMs: HOUR_MS }, held, 30)).toBeUndefined();
    expect(settleHold(undefined, held, 30)).toBeUndefined();
  });

  test("is never given back beyond what is held, nor below nothing", () => {
    expect(settleHold({ ...meter, held: 40 }, held, 0)).toMatchObject({ amount: 310, held: 0 });
    expect(settleHold({ ...meter, amount: 20, held: 40 }, held, 0)).toMatchObject({ amount: 0, held: 0 });
  });
});
