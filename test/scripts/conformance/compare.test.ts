import { describe, expect, it } from "vitest";

import type { ConformanceCase } from "../../../scripts/conformance/cases.ts";
import { agrees, compareResponse } from "../../../scripts/conformance/compare.ts";
import type { Datatype, Scalar } from "../../../scripts/conformance/tensors.ts";

const exact = { rtol: 0, atol: 0 };

/** A case that only expects one output `y`. */
function expecting(datatype: Datatype, shape: number[], values: ArrayLike<Scalar>): ConformanceCase {
  return { inputs: [], outputs: [{ name: "y", datatype, shape, values }], ...exact, fetch: undefined };
}

/** What is wrong with an answer whose one output `y` has this JSON text as its data. */
function reasonFor(expected: ConformanceCase, data: string, shape?: readonly number[]): string | undefined {
  const [output] = expected.outputs.map((tensor) => {
    const dimensions = (shape ?? tensor.shape).join();
    return `{"name":"y","shape":[${dimensions}],"datatype":"${tensor.datatype}","data":${data}}`;
  });
  if (output === undefined) throw new Error("a case expects at least one output");
  const text = `{"model_name":"m","model_version":"1","id":"1","outputs":[${output}]}`;
  return compareResponse(expected, { modelName: "m", id: "1" }, { text, tail: new Uint8Array() });
}

describe("agrees", () => {
  it("allows a difference of atol + rtol · |expected|, and no more", () => {
    // expected −100, rtol 0.01, atol 0.5: the bound is 0.5 + 0.01 · 100 = 1.5.
    const tolerance = { rtol: 0.01, atol: 0.5 };
    expect(agrees(-100, -101.5, tolerance)).toBe(true);
    expect(agrees(-100, -98.5, tolerance)).toBe(true);
    expect(agrees(-100, -101.625, tolerance)).toBe(false);
  });

  it("takes NaN for NaN only", () => {
    expect(agrees(Number.NaN, Number.NaN, exact)).toBe(true);
    expect(agrees(Number.NaN, 1, { rtol: 1, atol: 1 })).toBe(false);
    expect(agrees(1, Number.NaN, { rtol: 1, atol: 1 })).toBe(false);
  });

  it("takes an infinity for itself or the largest finite value of its sign, although rtol · ∞ is no bound at all", () => {
    expect(agrees(-Infinity, -Infinity, exact)).toBe(true);
    expect(agrees(-Infinity, Infinity, { rtol: 1, atol: 1 })).toBe(false);
    expect(agrees(-Infinity, -3.4028234663852886e38, exact)).toBe(true);
    expect(agrees(-Infinity, 3.4028234663852886e38, { rtol: 1, atol: 1 })).toBe(false);
    expect(agrees(-Infinity, -3.4e38, { rtol: 1, atol: 1 })).toBe(false);
    expect(agrees(3.4e38, Infinity, { rtol: 1, atol: 1 })).toBe(false);
  });
});

describe("compareResponse", () => {
  it("tells 64-bit integers apart beyond 2^53", () => {
    // 2^53 + 1 = 9007199254740993 has no double: JSON.parse alone would read 2^53 in both.
    const expected = expecting("INT64", [1], [9007199254740993n]);
    expect(reasonFor(expected, "[9007199254740993]")).toBeUndefined();
    expect(reasonFor(expected, "[9007199254740992]")).toBe(
      'output "y" [0] is 9007199254740992, expected 9007199254740993',
    );
    expect(reasonFor(expecting("UINT64", [1], [2n ** 64n - 1n]), "[18446744073709551615]")).toBeUndefined();
  });

  it("refuses a string, a fraction or a number in exponent form as a 64-bit integer", () => {
    const expected = expecting("INT64", [1], [10n ** 17n]);
    for (const literal of ['"100000000000000000"', "0.5", "1e17"]) {
      expect(reasonFor(expected, `[${literal}]`)).toContain("is no INT64");
    }
  });

  it("reads NaN and infinities from strings, and no infinity from a number that overflows", () => {
    const expected = expecting("FP32", [3], [Number.NaN, Infinity, -Infinity]);
    expect(reasonFor(expected, '["NaN","Infinity","-Infinity"]')).toBeUndefined();
    expect(reasonFor(expected, '["NaN",1e39,"-Infinity"]')).toContain("[1] is no FP32: 1e+39");
    expect(reasonFor(expected, "[null,1,1]")).toContain("[0] is no FP32: null");
  });

  it("rounds both sides to the datatype before it compares", () => {
    expect(reasonFor(expecting("FP32", [1], [Math.fround(0.1)]), "[0.1]")).toBeUndefined();
    expect(reasonFor(expecting("FP64", [1], [Math.fround(0.1)]), "[0.1]")).toContain("expected 0.10000000149011612");
  });

  it("takes true and 1, false and 0 for the same BOOL", () => {
    expect(reasonFor(expecting("BOOL", [2], [true, false]), "[1,false]")).toBeUndefined();
    expect(reasonFor(expecting("BOOL", [2], [true, false]), "[true,1]")).toBe('output "y" [1] is true, expected false');
  });

  it("wants no values for a shape of size zero, and as many as the shape asks for otherwise", () => {
    expect(reasonFor(expecting("FP32", [2, 0], []), "[]")).toBeUndefined();
    expect(reasonFor(expecting("FP32", [2, 0], []), "[1]")).toBe('output "y" has 1 values, expected 0');
    expect(reasonFor(expecting("FP32", [2], [1, 2]), "[[1,2]]")).toBe('output "y" has 1 values, expected 2');
  });

  it("names what is wrong with the answer itself", () => {
    const expected = expecting("BYTES", [1], ["a"]);
    expect(reasonFor(expected, '["a"]', [1, 1])).toBe('output "y" has shape [1,1], expected [1]');
    const compare = (text: string): string | undefined =>
      compareResponse(expected, { modelName: "m", id: "1" }, { text, tail: new Uint8Array() });
    expect(compare("<html>")).toContain("the answer can't be read");
    expect(compare('{"model_name":"m"}')).toContain("the answer is no inference response");
    expect(compare('{"model_name":"m","outputs":[]}')).toBe('the id is "", expected "1"');
    expect(compare('{"model_name":"m","id":"1","outputs":[]}')).toBe('output "y" is missing');
    const numeric = '{"name":"y","shape":[1],"datatype":"INT8","data":[1]}';
    expect(compare(`{"model_name":"m","id":"1","outputs":[${numeric}]}`)).toContain(
      "has datatype INT8, expected BYTES",
    );
  });
});
