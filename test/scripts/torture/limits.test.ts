import { describe, expect, it } from "vitest";
import { overQuota, overdrafts } from "../../../scripts/torture/limits.ts";
import { chain, charge, settlement } from "./account.ts";

const charges = (...times: readonly number[]) => chain(...times.map((at, index) => charge(`ent_${index}`, index, at)));
const DAY = 86_400_000;

describe("a rate of 10 a second with a burst of 2", () => {
  const rate = { burst: 2, perSecond: 10 };

  it("lets two calls through at once, and another every 100 ms", () => {
    expect(overdrafts(charges(0, 0, 100, 200), rate)).toEqual([]);
  });

  it("is exceeded by one that comes 1 ms too soon", () => {
    // 99 ms grant 0.99 of a call; 0.01 is missing.
    expect(overdrafts(charges(0, 0, 99), rate)).toEqual(["row 3 came 0.01 calls too soon"]);
  });

  it("grants no more than its burst after a long pause, and nothing for a clock that steps back", () => {
    expect(overdrafts(charges(0, 60_000, 60_000, 60_000), rate)).toEqual(["row 4 came 1 calls too soon"]);
    expect(overdrafts(charges(1000, 1000, 0, 100), rate)).toEqual([
      "row 3 came 1 calls too soon",
      "row 4 came 1 calls too soon",
    ]);
  });
});

describe("a quota of 2 a day", () => {
  it("is used up by two, and there is a new one the day after", () => {
    expect(overQuota(charges(0, DAY - 1, DAY, DAY), 2)).toEqual([]);
    expect(overQuota(charges(0, 1, 2), 2)).toEqual(["row 3 is number 3 of 2 in its day"]);
  });

  it("gets back what was refunded, on the day of the charge", () => {
    const first = [charge("ent_a", 0, 0), charge("ent_b", 1, 0)];
    const refund = settlement("ent_a", "failed", DAY);
    expect(overQuota(chain(...first, refund, charge("ent_c", 2, 0)), 2)).toEqual([]);
    expect(overQuota(chain(...first, charge("ent_c", 2, 0), refund), 2)).toEqual(["row 3 is number 3 of 2 in its day"]);
  });
});
