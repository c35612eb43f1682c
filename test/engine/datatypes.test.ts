import { describe, expect, test } from "vitest";
import { DATATYPES, datatypeOfRuntime, elementCount, isDatatype } from "../../engine/datatypes.ts";

describe("a datatype", () => {
  test("is one of the protocol's thirteen names, in capitals", () => {
    const names = "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split(" ");
    expect(Object.keys(DATATYPES)).toEqual(names);
    expect(names.every(isDatatype)).toBe(true);
    expect(["fp32", "BF16", "", " FP32"].some(isDatatype)).toBe(false);
  });

  test("is not a member of Object.prototype, nor anything but a string", () => {
    expect(["constructor", "__proto__", "toString", 7, null, undefined, ["FP32"]].some(isDatatype)).toBe(false);
  });

  test("is found by the name that ONNX Runtime has for it, and each has one of its own", () => {
    expect(datatypeOfRuntime("float32")).toBe("FP32");
    expect(datatypeOfRuntime("string")).toBe("BYTES");
    for (const [name, { runtime }] of Object.entries(DATATYPES)) expect(datatypeOfRuntime(runtime)).toBe(name);
  });

  test("does not exist for what the protocol has no name for", () => {
    expect(["bfloat16", "int4", "FP32", "runtime", ""].map(datatypeOfRuntime)).toEqual(Array(5).fill(undefined));
  });

  test("of integers spans exactly what its array can hold", () => {
    // One further on either side, the array wraps around to the other end.
    const ends = Object.values(DATATYPES).map((traits) => {
      if (traits.kind === "integer") {
        const { array, min, max } = traits;
        return [[...array.of(min, max, min - 1, max + 1)].map(Number), [min, max, max, min]];
      }
      if (traits.kind === "bigint") {
        const { array, min, max } = traits;
        return [array.of(min, max, min - 1n, max + 1n), array.of(min, max, max, min)];
      }
      return [];
    });
    expect(ends.filter((end) => end.length > 0)).toHaveLength(8);
    for (const [held, spanned] of ends) expect(held).toEqual(spanned);
  });
});

describe("the number of elements of a shape", () => {
  test("is the product of its dimensions", () => {
    // 2 · 3 · 4 = 24
    expect(elementCount([2, 3, 4])).toBe(24);
  });

  test("is one for a scalar", () => {
    expect(elementCount([])).toBe(1);
  });

  test("is none where any dimension is none, however large the others are", () => {
    expect(elementCount([3, 0, 5])).toBe(0);
    // The product of the others is (2^53)^20 = 2^1060, beyond a double's range: Infinity · 0 would be NaN.
    expect(elementCount([...Array<number>(20).fill(2 ** 53), 0])).toBe(0);
  });
});
