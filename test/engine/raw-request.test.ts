import { describe, expect, test } from "vitest";
import type { Datatype } from "../../engine/datatypes.ts";
import { decodeRequest } from "../../engine/decode.ts";
import { modelTaking, refusalOf } from "./requests.ts";

function decodeRaw(datatype: Datatype, shape: readonly number[], bytes: readonly number[]) {
  return decodeRequest(Uint8Array.from(bytes), 0, modelTaking(datatype, shape));
}

function zeros(count: number): number[] {
  return Array<number>(count).fill(0);
}

describe("a raw request", () => {
  test("is the one input's elements, without an id, and wants all outputs in binary", () => {
    expect(decodeRaw("UINT16", [2], [2, 1, 4, 3])).toEqual({
      id: undefined,
      inputs: [{ name: "x", datatype: "UINT16", shape: [2], data: Uint16Array.of(0x0102, 0x0304) }],
      outputs: [
        { name: "y", datatype: "FP32", shape: [-1], binary: true },
        { name: "label", datatype: "BYTES", shape: [-1], binary: true },
      ],
    });
  });

  test.for([
    // FP32: 4 bytes an element.
    [[-1, 4], 16, [1, 4]],
    [[-1, 2, 2], 16, [1, 2, 2]],
    [[-1], 12, [3]],
    [[-1, -1, 2], 24, [1, 3, 2]],
    [[3, -1], 24, [3, 2]],
    [[-1, -1], 0, [1, 0]],
    [[], 4, []],
    [[0, 3], 0, [0, 3]],
  ] as const)("for a model of FP32 %j, with %i bytes, is one of %j", ([shape, size, told]) => {
    expect(decodeRaw("FP32", shape, zeros(size)).inputs[0]?.shape).toEqual(told);
  });

  test.for([
    ["two batches", [-1, 4], 32, 8],
    ["too few", [2, 2], 12, 3],
    ["no whole element", [-1], 6, 1.5],
    ["no whole row", [3, -1], 28, 7],
    ["two axes to guess", [1, -1, -1], 16, 4],
    ["none for a scalar", [], 0, 0],
  ] as const)("is refused for %s: FP32 %j and %i bytes", ([, shape, size, count]) => {
    expect(refusalOf(() => decodeRaw("FP32", shape, zeros(size)))).toEqual({
      code: "shape-mismatch",
      detail: `Input "x": ${count} elements of FP32 do not make a batch of one of [${shape.join(",")}].`,
      evidence: { input: "x", expected: [...shape], actual_elements: count },
    });
  });

  test("of BYTES is one string, without a length before it", () => {
    const [input] = decodeRaw("BYTES", [-1, 1], [0xcf, 0x80, 0x61]).inputs;
    expect(input).toEqual({ name: "x", datatype: "BYTES", shape: [1, 1], data: ["πa"] });
    expect(decodeRaw("BYTES", [1], []).inputs[0]?.data).toEqual([""]);
  });

  test.for([
    ["not UTF-8", 0xff],
    ["a NUL", 0],
  ] as const)("of BYTES is refused for what is %s", ([, byte]) => {
    expect(refusalOf(() => decodeRaw("BYTES", [1], [0x61, byte]))).toMatchObject({
      code: "invalid-data",
      evidence: { input: "x", index: 0, expected: "BYTES" },
    });
  });

  test("of BYTES is refused by a model that takes several strings", () => {
    expect(refusalOf(() => decodeRaw("BYTES", [2], [0x61]))).toMatchObject({ code: "shape-mismatch" });
  });

  test("needs a model of exactly one input", () => {
    const { inputs, outputs } = modelTaking("FP32", [-1]);
    for (const several of [[], [...inputs, ...inputs]]) {
      expect(refusalOf(() => decodeRequest(new Uint8Array(4), 0, { inputs: several, outputs }))).toEqual({
        code: "invalid-request",
        detail: `A raw request (Inference-Header-Content-Length: 0) needs a model of one input; this one has ${several.length}.`,
        evidence: {},
      });
    }
  });
});
