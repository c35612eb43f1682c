import { describe, expect, test } from "vitest";
import { formatShape, shapeFits } from "../../engine/signature.ts";

describe("a shape", () => {
  test("is written in brackets, with -1 for any size", () => {
    expect(formatShape([-1, 4])).toBe("[-1,4]");
    expect(formatShape([])).toBe("[]");
  });

  test("fits where every fixed dimension is the same", () => {
    expect(shapeFits([2, 4], [2, 4])).toBe(true);
    expect(shapeFits([2, 5], [2, 4])).toBe(false);
  });

  test("may have any size where the model leaves it open, none included", () => {
    expect([0, 1, 1000].every((batch) => shapeFits([batch, 4], [-1, 4]))).toBe(true);
    expect(shapeFits([4, 1], [-1, 4])).toBe(false);
  });

  test("fits no model of another rank, be it longer or shorter", () => {
    expect(shapeFits([4], [-1, 4])).toBe(false);
    expect(shapeFits([1, 1, 4], [-1, 4])).toBe(false);
    expect(shapeFits([], [-1])).toBe(false);
    expect(shapeFits([], [])).toBe(true);
  });
});
