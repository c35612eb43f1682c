import { describe, expect, test } from "vitest";
import { decodeRequest } from "../../engine/decode.ts";
import type { Signature } from "../../engine/signature.ts";
import { decodeParts, modelTaking, refusalOf } from "./requests.ts";

const model: Signature = {
  inputs: [
    { name: "a", datatype: "UINT8", shape: [-1] },
    { name: "b", datatype: "UINT16", shape: [-1] },
  ],
  outputs: [
    { name: "y", datatype: "FP32", shape: [-1] },
    { name: "z", datatype: "FP32", shape: [-1] },
  ],
};

function a(size: unknown) {
  return { name: "a", datatype: "UINT8", shape: [2], parameters: { binary_data_size: size } };
}

const b = { name: "b", datatype: "UINT16", shape: [1], parameters: { binary_data_size: 2 } };
const bInJson = { name: "b", datatype: "UINT16", shape: [1], data: [7] };

describe("the binary part of a request", () => {
  test("holds its tensors in the order in which the JSON names them", () => {
    expect(decodeParts({ inputs: [b, a(2)] }, [2, 1, 8, 9], model).inputs).toEqual([
      { name: "b", datatype: "UINT16", shape: [1], data: Uint16Array.of(0x0102) },
      { name: "a", datatype: "UINT8", shape: [2], data: Uint8Array.of(8, 9) },
    ]);
  });

  test("may stand beside tensors in JSON", () => {
    const { inputs } = decodeParts({ inputs: [bInJson, a(2)] }, [8, 9], model);
    expect(inputs.map((tensor) => [...tensor.data])).toEqual([[7], [8, 9]]);
  });

  test("is read once more from its beginning where an integer of the JSON has to be read exactly", () => {
    const signature: Signature = {
      ...model,
      inputs: [
        { name: "a", datatype: "UINT8", shape: [-1] },
        { name: "n", datatype: "INT64", shape: [-1] },
      ],
    };
    const json = new TextEncoder().encode(
      '{"inputs":[{"name":"a","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}},' +
        '{"name":"n","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}',
    );
    const { inputs } = decodeRequest(Uint8Array.of(...json, 8, 9), json.byteLength, signature);
    expect(inputs.map((tensor) => [...tensor.data])).toEqual([[8, 9], [9_007_199_254_740_993n]]);
  });

  test("that is shorter than a tensor of it is refused with both numbers", () => {
    expect(refusalOf(() => decodeParts({ inputs: [b, a(2)] }, [2, 1, 8], model))).toEqual({
      code: "invalid-request",
      detail: 'Input "a": binary_data_size is 2, but only 1 bytes of the body are left.',
      evidence: { input: "a", expected_bytes: 2, actual_bytes: 1 },
    });
  });

  test("that is longer than all its tensors is refused", () => {
    expect(refusalOf(() => decodeParts({ inputs: [bInJson, a(2)] }, [8, 9, 10, 11, 12], model))).toEqual({
      code: "invalid-request",
      detail: "3 bytes follow the last tensor of the body.",
      evidence: { extra_bytes: 3 },
    });
  });

  test.for(["2", -1, 1.5, null, [2], true, 2 ** 53])("has no tensor of %j bytes", (size) => {
    expect(refusalOf(() => decodeParts({ inputs: [bInJson, a(size)] }, [8, 9], model))).toEqual({
      code: "invalid-request",
      detail: 'Input "a": binary_data_size must be an integer ≥ 0.',
      evidence: { input: "a" },
    });
  });

  test("has no tensor of another size than its shape's", () => {
    expect(refusalOf(() => decodeParts({ inputs: [bInJson, a(3)] }, [8, 9, 10], model))).toMatchObject({
      code: "shape-mismatch",
      evidence: { input: "a", expected_bytes: 2, actual_bytes: 3 },
    });
  });

  test("begins where the header says that the JSON ends, which is within the body", () => {
    const body = new TextEncoder().encode('{"inputs":[]}');
    expect(refusalOf(() => decodeRequest(body, 14, model))).toEqual({
      code: "invalid-request",
      detail: "Inference-Header-Content-Length is 14, but the body has 13 bytes.",
      evidence: { expected_bytes: 14, actual_bytes: 13 },
    });
    expect(refusalOf(() => decodeRequest(body, 12, model))).toMatchObject({ code: "malformed-json" });
  });

  test("does not exist in a body that is JSON alone", () => {
    const body = new TextEncoder().encode(JSON.stringify({ inputs: [bInJson, a(2)] }));
    expect(refusalOf(() => decodeRequest(body, undefined, model))).toMatchObject({ evidence: { actual_bytes: 0 } });
  });
});

describe("an output", () => {
  const input = { name: "x", datatype: "FP32", shape: [1], data: [1] };
  const wanted = (rest: object) =>
    decodeParts({ inputs: [input], ...rest }, [], modelTaking("FP32", [-1])).outputs.map(({ name, binary }) => [
      name,
      binary,
    ]);
  const inBinary = { binary_data_output: true };

  test("is JSON where nothing is said", () => {
    const all = [
      ["y", false],
      ["label", false],
    ];
    expect([wanted({}), wanted({ parameters: {} }), wanted({ outputs: [] })]).toEqual([all, all, all]);
    expect(wanted({ outputs: [{ name: "y" }] })).toEqual([["y", false]]);
  });

  test("is binary where the request says so for all, or for this one; its own word wins", () => {
    expect(wanted({ parameters: inBinary })).toEqual([
      ["y", true],
      ["label", true],
    ]);
    expect(wanted({ outputs: [{ name: "y", parameters: { binary_data: true } }, { name: "label" }] })).toEqual([
      ["y", true],
      ["label", false],
    ]);
    expect(wanted({ parameters: inBinary, outputs: [{ name: "y", parameters: { binary_data: false } }] })).toEqual([
      ["y", false],
    ]);
  });

  test.for([
    ["binary_data_output", { parameters: { binary_data_output: 1 } }],
    ["binary_data", { outputs: [{ name: "y", parameters: { binary_data: "true" } }] }],
  ] as const)("is refused when %s is anything but true and false", ([field, rest]) => {
    expect(refusalOf(() => wanted(rest))).toEqual({
      code: "invalid-request",
      detail: `${field} must be true or false.`,
      evidence: { field },
    });
  });

  test.for([
    ["The body: parameters", { parameters: [] }],
    ["outputs[0]: parameters", { outputs: [{ name: "y", parameters: null }] }],
    ["inputs[0]: parameters", { inputs: [{ ...input, parameters: "none" }] }],
  ] as const)("and an input have parameters that are an object: %s", ([what, rest]) => {
    expect(refusalOf(() => wanted(rest)).detail).toBe(`${what} must be a JSON object.`);
  });
});
