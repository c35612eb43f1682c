import { expect, it } from "vitest";
import { drawFault } from "../../../scripts/torture/faults.ts";
import { randomStream } from "../../../scripts/torture/random.ts";

it("draws each fault as often as its rate says, the same ones for the same seed", () => {
  const rates = { seed: 1, droppedPerMille: 100, delayedPerMille: 200, latePerMille: 50 };
  const draw = () => {
    const random = randomStream(1, "faults");
    return Array.from({ length: 10_000 }, () => drawFault(rates, random));
  };
  const faults = draw();
  expect(draw()).toEqual(faults);
  const late = faults.filter((fault) => fault.kind === "delayed" && fault.delayMs > 5_000);
  const delayed = faults.filter((fault) => fault.kind === "delayed" && fault.delayMs <= 200);
  // of 10,000: 1,000, 500 and 2,000; standard deviations are 30, 22 and 40
  expect(Math.abs(faults.filter(({ kind }) => kind === "dropped").length - 1_000)).toBeLessThan(120);
  expect(Math.abs(late.length - 500)).toBeLessThan(90);
  expect(Math.abs(delayed.length - 2_000)).toBeLessThan(160);
});
