import { describe, expect, test } from "vitest";
import type { Signature } from "../../engine/signature.ts";
import { decodeText, modelTaking, refusalOf } from "./requests.ts";

const row = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const model = modelTaking("FP32", [-1, 2]);
const twoInputs: Signature = {
  inputs: [
    { name: "tokens", datatype: "INT64", shape: [-1, 4] },
    { name: "mask", datatype: "BOOL", shape: [-1] },
  ],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
};
const tokens = { name: "tokens", datatype: "INT64", shape: [1, 4], data: [1, 2, 3, 4] };
const mask = { name: "mask", datatype: "BOOL", shape: [1], data: [true] };

function decode(body: unknown, signature = model) {
  return decodeText(JSON.stringify(body), signature);
}

describe("a request", () => {
  test("becomes its tensors, the outputs to compute and the caller's id", () => {
    const call = decode({ id: "r1", inputs: [row], outputs: [{ name: "label" }] });
    expect(call).toEqual({
      id: "r1",
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) }],
      outputs: [{ name: "label", datatype: "BYTES", shape: [-1], binary: false }],
    });
  });

  test("need have no id, and an empty one is one", () => {
    expect(decode({ inputs: [row] }).id).toBeUndefined();
    expect(decode({ id: "", inputs: [row] }).id).toBe("");
  });

  test("may give its inputs in any order", () => {
    expect(decode({ inputs: [mask, tokens] }, twoInputs).inputs.map((tensor) => tensor.name)).toEqual([
      "mask",
      "tokens",
    ]);
  });

  test("may say more than is read of it, parameters among them", () => {
    const call = decode({ model_name: "m", parameters: { a: 1 }, inputs: [{ ...row, parameters: { b: true } }] });
    expect(call.inputs).toHaveLength(1);
  });

  test("of a model without inputs has none", () => {
    expect(decode({ inputs: [] }, { ...model, inputs: [] }).inputs).toEqual([]);
  });

  test.for([[[]], [null], ["text"], [7], [true]])("that is %j is not an object", ([body]) => {
    expect(refusalOf(() => decode(body))).toEqual({
      code: "invalid-request",
      detail: "The body must be a JSON object.",
      evidence: {},
    });
  });

  test.for([[7], [null], [["r1"]], [{}]])("whose id is %j is refused", ([id]) => {
    expect(refusalOf(() => decode({ id, inputs: [row] }))).toEqual({
      code: "invalid-request",
      detail: "id must be a string.",
      evidence: { field: "id" },
    });
  });

  test.for([[undefined], [null], [{}], ["x"]])("whose inputs are %j is refused", ([inputs]) => {
    expect(refusalOf(() => decode({ inputs }))).toEqual({
      code: "invalid-request",
      detail: "inputs must be an array of tensors.",
      evidence: { field: "inputs" },
    });
  });

  test("has no inputs by way of a member called __proto__", () => {
    const body = `{"__proto__":${JSON.stringify({ inputs: [row] })}}`;
    expect(refusalOf(() => decodeText(body, model))).toMatchObject({ evidence: { field: "inputs" } });
  });
});

describe("an input", () => {
  test("that is not an object is refused by its place", () => {
    expect(refusalOf(() => decode({ inputs: [row, [1]] }))).toEqual({
      code: "invalid-request",
      detail: "inputs[1] must be a JSON object.",
      evidence: {},
    });
  });

  test("without a name is refused by its place", () => {
    expect(refusalOf(() => decode({ inputs: [{ ...row, name: 1 }] }))).toEqual({
      code: "invalid-request",
      detail: "inputs[0].name must be a string.",
      evidence: { field: "inputs[0].name" },
    });
  });

  test("that the model does not have is refused with those that it has", () => {
    expect(refusalOf(() => decode({ inputs: [{ ...row, name: "z" }] }, twoInputs))).toEqual({
      code: "unknown-input",
      detail: 'The model has no input "z"; it takes "tokens", "mask".',
      evidence: { input: "z", known: ["tokens", "mask"] },
    });
  });

  const long = "a".repeat(100_000);
  const shown = `${"a".repeat(64)}…`;

  test.for([
    [{ ...row, name: long }, "input", `The model has no input "${shown}"; it takes "x".`],
    [{ ...row, datatype: long }, "actual", `Input "x": datatype is ${shown}, the model takes FP32.`],
  ] as const)(
    "that is none is refused with the beginning of what it says, however long that is",
    ([input, member, detail]) => {
      const refusal = refusalOf(() => decode({ inputs: [input] }));
      expect(refusal.detail).toBe(detail);
      expect(refusal.evidence[member]).toBe(shown);
    },
  );

  test("that is left out is refused with its datatype and shape, together with all others that are", () => {
    expect(refusalOf(() => decode({ inputs: [] }, twoInputs))).toEqual({
      code: "missing-input",
      detail: 'The model also needs "tokens" (INT64 [-1,4]), "mask" (BOOL [-1]).',
      evidence: { missing: ["tokens", "mask"] },
    });
    expect(refusalOf(() => decode({ inputs: [tokens] }, twoInputs))).toMatchObject({ evidence: { missing: ["mask"] } });
  });

  test("that is given twice is refused", () => {
    expect(refusalOf(() => decode({ inputs: [row, row] }))).toEqual({
      code: "duplicate-input",
      detail: 'Input "x" is given more than once.',
      evidence: { input: "x" },
    });
  });

  test.for([
    ["FP64", "FP64"],
    ["fp32", "fp32"],
    ["toString", "toString"],
    [undefined, "missing"],
    [null, "missing"],
  ])("of the datatype %j is refused where the model takes FP32", ([datatype, actual]) => {
    expect(refusalOf(() => decode({ inputs: [{ ...row, datatype }] }))).toEqual({
      code: "datatype-mismatch",
      detail: `Input "x": datatype is ${String(actual)}, the model takes FP32.`,
      evidence: { input: "x", expected: "FP32", actual },
    });
  });

  test.for(["__proto__", "constructor", "hasOwnProperty", "", 'a "b"\n\\'])(
    "may be called %j, if the model calls it so",
    (name) => {
      const signature = { ...model, inputs: [{ name, datatype: "FP32", shape: [-1, 2] }] } as const;
      expect(decode({ inputs: [{ ...row, name }] }, signature).inputs).toMatchObject([{ name, shape: [1, 2] }]);
      expect(refusalOf(() => decode({ inputs: [row] }, signature))).toMatchObject({ evidence: { known: [name] } });
      expect(refusalOf(() => decode({ inputs: [{ ...row, name }] }))).toMatchObject({ code: "unknown-input" });
    },
  );
});

describe("a shape", () => {
  test.for([
    ["a text", "1,2"],
    ["missing", undefined],
    ["an object", {}],
    ["of a negative size", [-1, 2]],
    ["of a fraction", [1.5, 2]],
    ["of strings", ["1", "2"]],
    ["of null", [null, 2]],
    ["of a size beyond 2^53", [2 ** 53, 2]],
    ["nested", [[1, 2]]],
    ["of 65 axes", Array.from({ length: 65 }, () => 1)],
  ])("that is %s is refused", ([, shape]) => {
    expect(refusalOf(() => decode({ inputs: [{ ...row, shape }] }))).toEqual({
      code: "shape-mismatch",
      detail: 'Input "x": shape must be an array of at most 64 integers ≥ 0.',
      evidence: { input: "x", expected: [-1, 2] },
    });
  });

  test.for([[[1, 3]], [[2]], [[1, 1, 2]], [[]]] as const)(
    "of %j is refused where the model takes [-1,2]",
    ([shape]) => {
      expect(refusalOf(() => decode({ inputs: [{ ...row, shape }] }))).toEqual({
        code: "shape-mismatch",
        detail: `Input "x": shape is [${shape.join(",")}], the model takes [-1,2] (-1 is any size).`,
        evidence: { input: "x", expected: [-1, 2], actual: shape },
      });
    },
  );

  test("of any rank is taken by a model that leaves the rank open", () => {
    const open = modelTaking("FP32", []);
    const shapes = [[], [1], [1, 1, 1], Array.from({ length: 64 }, () => 1)];
    for (const shape of shapes) {
      expect(decode({ inputs: [{ ...row, shape, data: [7] }] }, open).inputs[0]?.shape).toEqual(shape);
    }
  });

  test.for([
    // Neither could be allocated: 2^31 − 1 elements of 4 bytes are 8 GiB, and twice as many 16 GiB.
    [[2 ** 31 - 1], 2 ** 31 - 1],
    [[2 ** 31 - 1, 2], 2 ** 32 - 2],
  ])("of %j with two elements is refused by their number; nothing is allocated for it", ([shape, expected]) => {
    expect(refusalOf(() => decode({ inputs: [{ ...row, shape }] }, modelTaking("FP32", [])))).toMatchObject({
      code: "shape-mismatch",
      evidence: { input: "x", expected_elements: expected, actual_elements: 2 },
    });
  });
});

describe("a dimension", () => {
  test.for([2 ** 31, Number.MAX_SAFE_INTEGER])("of %d is refused: the WASM build counts in 32 bits", (size) => {
    const request = { inputs: [{ ...row, shape: [0, size], data: [] }] };
    expect(refusalOf(() => decode(request, modelTaking("FP32", [])))).toMatchObject({ code: "shape-mismatch" });
  });
});

describe("the outputs to compute", () => {
  test.for([[undefined], [[]]])("are all when a request names %j", ([outputs]) => {
    expect(decode({ inputs: [row], outputs }).outputs).toMatchObject(model.outputs);
  });

  test("are those that a request names, in its order", () => {
    const { outputs } = decode({ inputs: [row], outputs: [{ name: "label" }, { name: "y" }] });
    expect(outputs.map((spec) => spec.name)).toEqual(["label", "y"]);
  });

  test.for([["y"], [{}], [null]])("are an array, not %j", ([outputs]) => {
    expect(refusalOf(() => decode({ inputs: [row], outputs }))).toEqual({
      code: "invalid-request",
      detail: "outputs must be an array.",
      evidence: { field: "outputs" },
    });
  });

  test("are named by objects", () => {
    expect(refusalOf(() => decode({ inputs: [row], outputs: ["y"] }))).toMatchObject({
      code: "invalid-request",
      detail: "outputs[0] must be a JSON object.",
    });
  });

  test.for([
    ['"z"', '"z"'],
    ['"__proto__"', '"__proto__"'],
    [`"${"a".repeat(100_000)}"`, `"${"a".repeat(64)}…"`],
    ["null", "null"],
    ["[]", "an array"],
    [`${"[".repeat(50_000)}${"]".repeat(50_000)}`, "an array"],
    [`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`, "an object"],
  ] as const)("are refused when the model has none called %.9s, with those that it has", ([name, shown]) => {
    const body = `{"inputs":[${JSON.stringify(row)}],"outputs":[{"name":${name}}]}`;
    expect(refusalOf(() => decodeText(body, model))).toEqual({
      code: "unknown-output",
      detail: `The model has no output ${shown}; it gives "y", "label".`,
      evidence: { known: ["y", "label"] },
    });
  });

  test("are refused by an integer for a name too, in a body whose integers are read exactly", () => {
    const exact = modelTaking("INT64", [-1]);
    const input = '{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}';
    const body = `{"inputs":[${input}],"outputs":[{"name":9007199254740993}]}`;
    expect(refusalOf(() => decodeText(body, exact))).toMatchObject({
      code: "unknown-output",
      detail: 'The model has no output 9007199254740993; it gives "y", "label".',
    });
  });
});
