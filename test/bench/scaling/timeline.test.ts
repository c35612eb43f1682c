import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Timeline } from "../../../bench/scaling/timeline.ts";

test("events happen in the order of their times, and of their planning where times are the same", () => {
  const delays = fc.array(fc.nat(20), { maxLength: 200 });
  fc.assert(
    fc.property(delays, (delaysMs) => {
      const timeline = new Timeline();
      const seen: [atMs: number, number: number][] = [];
      for (const [number, delayMs] of delaysMs.entries()) {
        timeline.after(delayMs, () => seen.push([timeline.nowMs, number]));
      }
      timeline.runUntil(20);
      const expected = delaysMs.map((delayMs, number): [number, number] => [delayMs, number]);
      expect(seen).toEqual(expected.toSorted(([one, first], [other, second]) => one - other || first - second));
    }),
  );
});

test("what an event plans happens too, up to the end and not beyond", () => {
  const timeline = new Timeline();
  let ticks = 0;
  const tick = (): void => {
    ticks += 1;
    timeline.after(10, tick);
  };
  timeline.after(0, tick);
  timeline.runUntil(95);
  expect([ticks, timeline.nowMs]).toEqual([10, 95]); // at 0, 10, … 90
});
