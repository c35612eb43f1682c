import { describe, expect, test } from "vitest";
import { decodeText, decodeTensor, firstElements, modelTaking, refusalOf } from "./requests.ts";

describe("the data of a tensor", () => {
  test.for(["null", "{}", '"1,2"', "1"])("is an array, not %s", (data) => {
    expect(refusalOf(() => decodeTensor("FP32", [1], data))).toEqual({
      code: "invalid-data",
      detail: 'Input "x": data must be an array.',
      evidence: { input: "x" },
    });
  });

  test("may be left out no more than its shape", () => {
    const body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1]}]}';
    expect(refusalOf(() => decodeText(body, modelTaking("FP32", [-1])))).toMatchObject({ code: "invalid-data" });
  });

  test("is the same flat and nested", () => {
    const flat = decodeTensor("INT32", [2, 1, 3], "[1,2,3,4,5,6]");
    expect(decodeTensor("INT32", [2, 1, 3], "[[[1,2,3]],[[4,5,6]]]")).toEqual(flat);
    expect(firstElements(flat)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.for([
    ["[0]", [0], "[]"],
    ["[0, 3]", [0, 3], "[]"],
    ["[2, 0]", [2, 0], "[[],[]]"],
    ["[2, 0] flat", [2, 0], "[]"],
  ] as const)("of an empty tensor is empty: %s", ([, shape, data]) => {
    expect(firstElements(decodeTensor("FP32", shape, data))).toEqual([]);
  });

  test("of a scalar is one element", () => {
    expect(firstElements(decodeTensor("FP32", [], "[7]"))).toEqual([7]);
  });

  test.for([
    ["too few", "[1,2,3]", 3],
    ["too many", "[1,2,3,4,5]", 5],
    ["none", "[]", 0],
  ] as const)("is refused with both numbers when there are %s elements", ([, data, actual]) => {
    expect(refusalOf(() => decodeTensor("FP32", [2, 2], data))).toEqual({
      code: "shape-mismatch",
      detail: `Input "x": shape [2,2] needs 4 elements, data has ${actual}.`,
      evidence: { input: "x", expected_elements: 4, actual_elements: actual },
    });
  });

  test.for([
    ["[[1,2],[3,4],[5,6]]", 0, "arrays of 2, data has an array of 3"],
    ["[[1,2],[3]]", 1, "arrays of 2, data has an array of 1"],
    ["[[1,2],3]", 1, "arrays of 2, data has number"],
    ["[[1,2],null]", 1, "arrays of 2, data has object"],
  ] as const)("is refused by its axis when it is ragged: %s", ([data, axis, reason]) => {
    expect(refusalOf(() => decodeTensor("FP32", [2, 2], data))).toEqual({
      code: "shape-mismatch",
      detail: `Input "x": axis ${axis} of shape [2,2] needs ${reason}.`,
      evidence: { input: "x", axis },
    });
  });

  test.for([
    ["too deep", [2], "[[1],[2]]", "0 is an array"],
    ["too deep at its last axis", [1, 2], "[[1,[2]]]", "1 is an array"],
    ["flat at first", [2, 2], "[1,[2,3],4,5]", "1 is an array"],
  ] as const)("is refused by its element when it is nested %s", ([, shape, data, reason]) => {
    expect(refusalOf(() => decodeTensor("FP32", shape, data)).detail).toBe(
      `Input "x": element ${reason}, which is not a FP32.`,
    );
  });
});

describe("an element that is not of the datatype", () => {
  test("is refused by its index, shown in short", () => {
    expect(refusalOf(() => decodeTensor("UINT8", [3], "[1, 2, 256]"))).toEqual({
      code: "invalid-data",
      detail: 'Input "x": element 2 is 256, which is not a UINT8.',
      evidence: { input: "x", index: 2, expected: "UINT8" },
    });
    const long = refusalOf(() => decodeTensor("FP32", [1], `["${"a".repeat(1_000)}"]`));
    expect(long.detail).toBe(`Input "x": element 0 is "${"a".repeat(64)}…", which is not a FP32.`);
  });

  test.for([
    ["null", "null"],
    ["true", "true"],
    ['"7"', '"7"'],
    ["{}", "an object"],
    [`${"[".repeat(50_000)}${"]".repeat(50_000)}`, "an array"],
    [`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`, "an object"],
  ] as const)("is refused for what it is: %.9s", ([data, shown]) => {
    expect(refusalOf(() => decodeTensor("FP32", [1], `[${data}]`)).detail).toBe(
      `Input "x": element 0 is ${shown}, which is not a FP32.`,
    );
  });

  test("is refused though it hold an integer that is read exactly", () => {
    expect(refusalOf(() => decodeTensor("INT64", [2], "[9007199254740993, [9007199254740993]]"))).toEqual({
      code: "invalid-data",
      detail: 'Input "x": element 1 is an array, which is not a INT64.',
      evidence: { input: "x", index: 1, expected: "INT64" },
    });
  });
});

describe("floats", () => {
  test("are rounded to the nearest of their datatype", () => {
    expect(firstElements(decodeTensor("FP32", [1], "[0.1]"))).toEqual([Math.fround(0.1)]);
    expect(firstElements(decodeTensor("FP64", [1], "[0.1]"))).toEqual([0.1]);
    // FP16 has 11 bits: 2049 = 2^11 + 1 lies between 2048 and 2050, and goes to the even one.
    expect(firstElements(decodeTensor("FP16", [1], "[2049]"))).toEqual([2048]);
  });

  test.for(["FP16", "FP32", "FP64"] as const)("of %s may be NaN, an infinity or -0", (datatype) => {
    const call = decodeTensor(datatype, [5], '["NaN", "Infinity", "-Infinity", -0, 0]');
    expect(firstElements(call)).toEqual([NaN, Infinity, -Infinity, -0, 0]);
  });

  test.for(['"nan"', '"inf"', '"+Infinity"', '"1.5"', '""'])("are not spelt %s", (text) => {
    expect(refusalOf(() => decodeTensor("FP32", [1], `[${text}]`))).toMatchObject({ code: "invalid-data" });
  });
});

describe("integers", () => {
  test.for([
    ["UINT8", 0, 255],
    ["UINT16", 0, 65_535],
    ["UINT32", 0, 4_294_967_295],
    ["INT8", -128, 127],
    ["INT16", -32_768, 32_767],
    ["INT32", -2_147_483_648, 2_147_483_647],
  ] as const)("of %s are taken from %i to %i, and refused beyond", ([datatype, min, max]) => {
    expect(firstElements(decodeTensor(datatype, [2], `[${min}, ${max}]`))).toEqual([min, max]);
    for (const beyond of [min - 1, max + 1]) {
      expect(refusalOf(() => decodeTensor(datatype, [2], `[0, ${beyond}]`))).toMatchObject({
        code: "invalid-data",
        evidence: { index: 1, expected: datatype },
      });
    }
  });

  test.for(["1.5", '"1.5"', "true", "1e400", '"NaN"'])("are whole numbers, not %s", (data) => {
    for (const datatype of ["INT32", "INT64"] as const) {
      expect(refusalOf(() => decodeTensor(datatype, [1], `[${data}]`))).toMatchObject({
        code: "invalid-data",
        evidence: { index: 0, expected: datatype },
      });
    }
  });

  test("of 32 bits and less may not be strings", () => {
    expect(refusalOf(() => decodeTensor("INT32", [1], '["1"]'))).toMatchObject({ code: "invalid-data" });
  });
});

describe("64-bit integers", () => {
  test.for([
    ["INT64", "-9223372036854775808", "9223372036854775807"],
    ["UINT64", "0", "18446744073709551615"],
  ] as const)("of %s are exact at both ends, as numbers and as strings", ([datatype, min, max]) => {
    const expected = [BigInt(min), BigInt(max)];
    expect(firstElements(decodeTensor(datatype, [2], `[${min}, ${max}]`))).toEqual(expected);
    expect(firstElements(decodeTensor(datatype, [2], `["${min}", "${max}"]`))).toEqual(expected);
  });

  test.for([
    ["INT64", "-9223372036854775809"],
    ["INT64", "9223372036854775808"],
    ["UINT64", "-1"],
    ["UINT64", "18446744073709551616"],
  ] as const)("of %s do not include %s, as a number or as a string", ([datatype, beyond]) => {
    for (const data of [beyond, `"${beyond}"`]) {
      expect(refusalOf(() => decodeTensor(datatype, [1], `[${data}]`))).toMatchObject({
        code: "invalid-data",
        evidence: { input: "x", index: 0, expected: datatype },
      });
    }
  });

  test("beyond 2^53 keep every digit, small ones beside them too", () => {
    const call = decodeTensor("INT64", [4], '[1, 9007199254740993, -9007199254740993, "7"]');
    expect(firstElements(call)).toEqual([1n, 9_007_199_254_740_993n, -9_007_199_254_740_993n, 7n]);
  });

  test("beyond 2^53 change nothing for the other tensors of their request", () => {
    const body = `{"id":"r","inputs":[
      {"name":"n","datatype":"INT64","shape":[1],"data":[9007199254740993]},
      {"name":"f","datatype":"FP64","shape":[2],"data":[9007199254740993, 1e300]}]}`;
    const signature = {
      inputs: [
        { name: "n", datatype: "INT64", shape: [1] },
        { name: "f", datatype: "FP64", shape: [2] },
      ],
      outputs: [],
    } as const;
    const { id, inputs } = decodeText(body, signature);
    // 2^53 + 1 lies between 2^53 and 2^53 + 2, and goes to the even one.
    expect([id, ...inputs.map((tensor) => tensor.data)]).toEqual([
      "r",
      BigInt64Array.of(9_007_199_254_740_993n),
      Float64Array.of(9_007_199_254_740_992, 1e300),
    ]);
  });

  test.for(["1e20", "1e16", "9007199254740993.0"])("beyond 2^53 are digits alone, not %s", (literal) => {
    expect(refusalOf(() => decodeTensor("INT64", [1], `[${literal}]`))).toMatchObject({
      code: "invalid-data",
      evidence: { input: "x", index: 0, expected: "INT64" },
    });
  });

  test.for(['"1.5"', '"1e3"', '" 1"', '"+1"', '"0x1"', '""', '"-"', `"${"1".repeat(21)}"`])(
    "are not spelt %s",
    (text) => {
      expect(refusalOf(() => decodeTensor("INT64", [1], `[${text}]`))).toMatchObject({ code: "invalid-data" });
    },
  );
});

describe("booleans", () => {
  test("are true and false, or 1 and 0", () => {
    expect(firstElements(decodeTensor("BOOL", [4], "[true, false, 1, 0]"))).toEqual([1, 0, 1, 0]);
  });

  test.for(["2", "-1", "0.5", '"true"', "null"])("are not %s", (data) => {
    expect(refusalOf(() => decodeTensor("BOOL", [1], `[${data}]`))).toMatchObject({
      code: "invalid-data",
      evidence: { index: 0, expected: "BOOL" },
    });
  });
});

describe("bytes", () => {
  test("are strings, kept as they are", () => {
    const strings = ["", "π 🎈", 'a "b"\n', "NaN", "__proto__"];
    expect(firstElements(decodeTensor("BYTES", [5], JSON.stringify(strings)))).toEqual(strings);
  });

  test.for(["1", "null", "[]", "true"])("are not %s", (data) => {
    expect(refusalOf(() => decodeTensor("BYTES", [1], `[${data}]`))).toMatchObject({
      code: "invalid-data",
      evidence: { index: 0, expected: "BYTES" },
    });
  });

  test("hold no half of a surrogate pair, which UTF-8 can't carry to the model", () => {
    const pair = String.raw`"\ud83c\udf88"`;
    expect(firstElements(decodeTensor("BYTES", [1], `[${pair}]`))).toEqual(["🎈"]);
    for (const half of [String.raw`"\ud83c"`, String.raw`"a\udf88b"`]) {
      expect(refusalOf(() => decodeTensor("BYTES", [2], `["a", ${half}]`))).toMatchObject({
        code: "invalid-data",
        evidence: { index: 1, expected: "BYTES" },
      });
    }
  });

  test("hold no NUL, where the runtime would end the string silently", () => {
    expect(refusalOf(() => decodeTensor("BYTES", [2], String.raw`["a", "b\u0000c"]`))).toMatchObject({
      code: "invalid-data",
      evidence: { index: 1, expected: "BYTES" },
    });
  });
});

describe("a number too large for its floating-point datatype", () => {
  test.for([
    ["FP16", "65520"],
    ["FP32", "1e39"],
    ["FP64", "1e400"],
  ] as const)("is refused as %s, not taken for infinity: %s", ([datatype, literal]) => {
    expect(refusalOf(() => decodeTensor(datatype, [1], `[${literal}]`))).toMatchObject({
      code: "invalid-data",
      evidence: { index: 0, expected: datatype },
    });
  });
});
