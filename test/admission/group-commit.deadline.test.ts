import { describe, expect, test } from "vitest";
import { answered, newLane, onFakeClock, overloaded, pass, tornDown, waits } from "./trips.ts";

describe("a trip that does not answer", () => {
  test(
    "is given up at the deadline and not before, and who waits behind it goes next",
    onFakeClock(async () => {
      const { far, lane, send } = newLane();
      const a = send("a");
      await pass(400);
      const b = send("b");
      await pass(599);
      expect([a.fate, b.fate]).toEqual([waits, waits]);
      await pass(1);
      expect([a.fate, b.fate]).toEqual([overloaded, waits]);
      await far.trip(1).arrive();
      expect(far.trips.map(({ by, batch }) => [by, batch])).toEqual([
        ["a", ["a"]],
        ["b", ["b"]],
      ]);
      expect(b.fate).toEqual(answered("b"));
      expect(lane.idle).toBe(true);
    }),
  );

  test(
    "fails all that are on it: its leader a deadline after it began, the others a deadline after they came",
    onFakeClock(async () => {
      const { far, send } = newLane();
      send("a");
      await pass(300);
      const [b, c] = [send("b"), send("c")];
      await pass(100);
      await far.trip(0).arrive();
      // At 400 ms b leads a trip for itself and c. c has waited since 300 ms: until 1,300. b's trip ends at 1,400.
      await pass(899);
      expect([b.fate, c.fate]).toEqual([waits, waits]);
      await pass(1);
      expect([b.fate, c.fate]).toEqual([waits, overloaded]);
      await pass(100);
      expect([b.fate, c.fate]).toEqual([overloaded, overloaded]);
    }),
  );

  test(
    "is forgotten: its answer comes too late and changes nothing",
    onFakeClock(async () => {
      const { far, send } = newLane();
      const a = send("a");
      await pass(1_000);
      const b = send("b");
      await far.trip(0).arrive();
      expect([a.fate, b.fate]).toEqual([overloaded, waits]);
      await far.trip(1).arrive();
      expect(b.fate).toEqual(answered("b"));
    }),
  );

  test(
    "because its request was torn down is taken over after its deadline by a newcomer, with those that still wait",
    onFakeClock(async () => {
      const { far, lane, send } = newLane();
      const a = tornDown(() => send("a"));
      const early = send("early");
      await pass(500);
      const late = send("late");
      await pass(500);
      // Early has waited for 1,000 ms. The trip is not lost before a millisecond more.
      expect([early.fate, late.fate, far.batches]).toEqual([overloaded, waits, [["a"]]]);
      await pass(1);
      const newcomer = send("newcomer");
      expect(far.batches).toEqual([["a"], ["newcomer", "late"]]);
      await far.trip(1).arrive();
      expect([newcomer.fate, late.fate, a.fate]).toEqual([answered("newcomer"), answered("late"), waits]);
      expect(lane.idle).toBe(true);
    }),
  );

  test(
    "because its request was torn down leaves those that wait with a refusal when no newcomer comes",
    onFakeClock(async () => {
      const { far, lane, send } = newLane();
      tornDown(() => send("a"));
      await pass(999);
      const b = send("b");
      await pass(1_000);
      expect([b.fate, far.batches]).toEqual([overloaded, [["a"]]]);
      // It is not idle, for nobody was there to say so; the next request finds that it is lost.
      expect(lane.idle).toBe(false);
      const c = send("c");
      await far.trip(1).arrive();
      expect([c.fate, lane.idle]).toEqual([answered("c"), true]);
    }),
  );

  test(
    "does not disturb the one that took its place when it ends after all",
    onFakeClock(async () => {
      const { far, lane, send } = newLane();
      const a = tornDown(() => send("a"));
      await pass(1_001);
      const [b, c] = [send("b"), send("c")];
      await far.trip(0).arrive();
      // b's trip is still under way, and c waits for it.
      expect([a.fate, b.fate, c.fate]).toEqual([answered("a"), waits, waits]);
      expect([far.batches, lane.idle]).toEqual([[["a"], ["b"]], false]);
      await far.trip(1).arrive();
      await far.trip(2).arrive();
      expect([b.fate, c.fate, far.batches]).toEqual([answered("b"), answered("c"), [["a"], ["b"], ["c"]]]);
    }),
  );
});
