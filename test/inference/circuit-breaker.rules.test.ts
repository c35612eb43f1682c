import { describe, expect, test } from "vitest";
import {
  CLOSED,
  type CircuitBreaker,
  FAILURES_TO_OPEN,
  OPEN_MS,
  afterCall,
  tryPass,
} from "../../src/inference/circuit-breaker.rules.ts";

/** A breaker after so many failures in a row, the last of them now. */
function failed(times: number, nowMs: number): CircuitBreaker {
  let breaker = CLOSED;
  for (let call = 0; call < times; call++) breaker = afterCall(breaker, false, nowMs);
  return breaker;
}

describe("a circuit breaker", () => {
  test("passes everything until the fifth failure in a row", () => {
    expect(FAILURES_TO_OPEN).toBe(5);
    expect(tryPass(failed(4, 1000), 1000)).toMatchObject({ passes: true });
    expect(tryPass(failed(5, 1000), 1000)).toEqual({ passes: false, retryAfterMs: 5_000 });
  });

  test("begins to count anew after a success", () => {
    expect(afterCall(failed(4, 1000), true, 1000)).toEqual(CLOSED);
  });

  test("lets one probe pass when its time is over, and no other until that one ends or is too late", () => {
    const open = failed(5, 0);
    expect(tryPass(open, OPEN_MS - 1)).toEqual({ passes: false, retryAfterMs: 1 });
    const probe = tryPass(open, OPEN_MS);
    if (!probe.passes) throw new Error("The probe was refused.");
    expect(tryPass(probe.breaker, OPEN_MS)).toEqual({ passes: false, retryAfterMs: OPEN_MS });
    expect(tryPass(probe.breaker, 2 * OPEN_MS)).toMatchObject({ passes: true });
  });

  test("closes when the probe succeeds, and opens again when it fails", () => {
    const probe = tryPass(failed(5, 0), OPEN_MS);
    if (!probe.passes) throw new Error("The probe was refused.");
    expect(afterCall(probe.breaker, true, OPEN_MS + 10)).toEqual(CLOSED);
    const reopened = afterCall(probe.breaker, false, OPEN_MS + 10);
    expect(tryPass(reopened, OPEN_MS + 11)).toEqual({ passes: false, retryAfterMs: OPEN_MS - 1 });
  });
});
