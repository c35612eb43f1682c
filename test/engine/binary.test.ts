import { describe, expect, test } from "vitest";
import { binaryElements, readBinaryElements } from "../../engine/binary.ts";
import type { Datatype, TensorData } from "../../engine/datatypes.ts";
import { refusalOf } from "./requests.ts";

/** The bytes of a tensor as they lie in a body: behind so many others, so that they are aligned by chance only. */
function lying(bytes: readonly number[], behind: number): Uint8Array {
  return Uint8Array.of(...Array<number>(behind).fill(0xee), ...bytes, 0xee).subarray(behind, behind + bytes.length);
}

const written: [Datatype, TensorData, number[]][] = [
  ["BOOL", Uint8Array.of(1, 0), [1, 0]],
  ["UINT8", Uint8Array.of(0, 255), [0, 255]],
  ["INT8", Int8Array.of(-1, 127), [0xff, 0x7f]],
  ["UINT16", Uint16Array.of(0x0102, 1), [2, 1, 1, 0]],
  ["INT16", Int16Array.of(-2, 1), [0xfe, 0xff, 1, 0]],
  ["UINT32", Uint32Array.of(0x01020304), [4, 3, 2, 1]],
  ["INT32", Int32Array.of(-2), [0xfe, 0xff, 0xff, 0xff]],
  ["UINT64", BigUint64Array.of(0x0102030405060708n), [8, 7, 6, 5, 4, 3, 2, 1]],
  ["INT64", BigInt64Array.of(-2n), [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  // 1.5 = 1.1 in binary: a sign, an exponent of 15, 127 and 1,023, and the highest bit of what follows.
  ["FP16", Float16Array.of(1.5), [0, 0x3e]],
  ["FP32", Float32Array.of(1.5), [0, 0, 0xc0, 0x3f]],
  ["FP64", Float64Array.of(1.5), [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]],
  ["BYTES", ["a", "", "π"], [1, 0, 0, 0, 0x61, 0, 0, 0, 0, 2, 0, 0, 0, 0xcf, 0x80]],
];

describe("a tensor in binary", () => {
  test.for(written)("of %s is little-endian, the same in both directions", ([datatype, data, bytes]) => {
    const shape = [data.length];
    expect([...binaryElements({ name: "x", datatype, shape, data })]).toEqual(bytes);
    for (const behind of [0, 1, 2, 4, 7, 8]) {
      expect(readBinaryElements("x", datatype, shape, lying(bytes, behind))).toEqual(data);
    }
  });

  test("is a view of the body where it is aligned there", () => {
    const body = Uint8Array.of(...Array<number>(16).fill(0));
    const aligned = readBinaryElements("x", "FP32", [2], body.subarray(4, 12));
    const unaligned = readBinaryElements("x", "FP32", [2], body.subarray(5, 13));
    body.fill(0x3f);
    // 0x3f3f3f3f is about 0.747.
    expect([aligned[0], unaligned[0]]).toEqual([expect.closeTo(0.747, 3), 0]);
  });

  test("keeps the bits of a NaN and the sign of 0", () => {
    const [nan, zero] = readBinaryElements("x", "FP32", [2], Uint8Array.of(0, 0, 0xc0, 0x7f, 0, 0, 0, 0x80));
    expect([nan, zero]).toEqual([NaN, -0]);
  });

  test("that is empty has no bytes", () => {
    expect(readBinaryElements("x", "FP32", [0, 3], new Uint8Array())).toEqual(new Float32Array());
    expect(readBinaryElements("x", "BYTES", [0], new Uint8Array())).toEqual([]);
  });

  test.for([
    ["FP32", [2], 7, 8],
    ["FP32", [2], 9, 8],
    ["FP32", [2], 0, 8],
    ["BOOL", [], 2, 1],
    ["INT64", [2 ** 31, 2 ** 20], 8, 2 ** 54],
  ] as const)(
    "of %s %j is refused at %i bytes, with the number that it needs",
    ([datatype, shape, actual, expected]) => {
      const refusal = refusalOf(() => readBinaryElements("x", datatype, shape, new Uint8Array(actual)));
      expect(refusal).toMatchObject({
        code: "shape-mismatch",
        evidence: { input: "x", expected_bytes: expected, actual_bytes: actual },
      });
    },
  );

  test("of BOOL holds no byte but 0 and 1", () => {
    expect(refusalOf(() => readBinaryElements("x", "BOOL", [3], Uint8Array.of(1, 0, 2)))).toEqual({
      code: "invalid-data",
      detail: 'Input "x": element 2 is the byte 2; BOOL is 0 or 1.',
      evidence: { input: "x", index: 2, expected: "BOOL" },
    });
  });
});

describe("strings in binary", () => {
  test.for([
    ["too few", [1, 0, 0, 0, 0x61], 1],
    ["too many", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2],
    ["cut short in a string", [0, 0, 0, 0, 3, 0, 0, 0, 0x61], 1],
    ["cut short in a length", [0, 0, 0, 0, 0, 0], 1],
    ["of a length beyond all bytes", [0xff, 0xff, 0xff, 0xff, 0x61], 0],
  ] as const)("are refused when they are %s, with both numbers", ([, bytes, actual]) => {
    expect(refusalOf(() => readBinaryElements("x", "BYTES", [2], Uint8Array.from(bytes)))).toMatchObject({
      code: "shape-mismatch",
      evidence: { input: "x", expected_elements: 2, actual_elements: actual },
    });
  });

  test.for([
    ["not UTF-8", 0xff],
    ["a NUL, where the runtime would end the string silently", 0],
  ] as const)("are refused by their index for what is %s", ([, byte]) => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0, 0x61, byte, 0x61);
    expect(refusalOf(() => readBinaryElements("x", "BYTES", [2], bytes))).toMatchObject({
      code: "invalid-data",
      evidence: { input: "x", index: 1, expected: "BYTES" },
    });
  });

  test("may begin with a byte order mark, which is theirs", () => {
    const bytes = Uint8Array.of(3, 0, 0, 0, 0xef, 0xbb, 0xbf);
    expect(readBinaryElements("x", "BYTES", [1], bytes)).toEqual(["\ufeff"]);
  });
});
