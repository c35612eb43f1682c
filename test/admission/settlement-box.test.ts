import { describe, expect, test } from "vitest";
import { SettlementBox } from "../../src/admission/settlement-box.ts";
import { newId } from "../../src/shared/ids.ts";
import { settlementOf } from "../support/cell.ts";

const [one, two, three] = [newId("ent", 1), newId("ent", 2), newId("ent", 3)].map((id) => settlementOf(id));
if (!one || !two || !three) throw new Error("Three settlements were wanted.");

describe("a tenant's box of settlements", () => {
  test("gives each to one carrier, in the order in which they came, and forgets what was delivered", () => {
    const box = new SettlementBox();
    for (const settlement of [one, two, three]) box.drop(settlement);
    const first = box.take(2, 0);
    expect(first).toEqual([one, two]);
    expect(box.take(2, 0)).toEqual([three]);
    expect(box.take(2, 0)).toEqual([]);
    box.delivered(first);
    expect([one, two, three].map((settlement) => box.holds(settlement))).toEqual([false, false, true]);
    expect(box.isEmpty).toBe(false);
    box.delivered([three]);
    expect(box.isEmpty).toBe(true);
  });

  test("gives out again what came back from a trip that failed, but not what was delivered meanwhile", () => {
    const box = new SettlementBox();
    box.drop(one);
    box.drop(two);
    const batch = box.take(2, 0);
    box.delivered([one]);
    box.returned(batch);
    expect(box.take(2, 0)).toEqual([two]);
  });

  test("gives out again, after five seconds, what a carrier never came back with", () => {
    const box = new SettlementBox();
    box.drop(one);
    expect(box.take(1, 1_000)).toEqual([one]);
    expect(box.take(1, 5_999)).toEqual([]);
    expect(box.take(1, 6_000)).toEqual([one]);
  });
});
