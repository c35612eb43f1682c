import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../engine/datatypes.ts";
import { type InferenceCall, decodeRequest } from "../../engine/decode.ts";
import { encodeAnswer } from "../../engine/encode.ts";
import { ENGINE_REFUSALS, Refusal } from "../../engine/refusal.ts";
import type { Signature } from "../../engine/signature.ts";
import { anyName, anyTensors } from "./arbitrary-tensors.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The request that gives a model these tensors: an answer with them, its `outputs` called `inputs`. */
function requestOf(tensors: readonly Tensor[], id: string | undefined): string {
  const outputs = tensors.map((tensor) => ({ tensor, binary: false }));
  const answer = encodeAnswer({ modelName: "m", modelVersion: "1", id }, outputs).body;
  return text.decode(answer).replace(',"outputs":[', ',"inputs":[');
}

/** The same, with some of the tensors in binary behind the JSON. */
function binaryRequestOf(tensors: readonly Tensor[], isBinary: (index: number) => boolean) {
  const outputs = tensors.map((tensor, index) => ({ tensor, binary: isBinary(index) }));
  const { body, jsonBytes } = encodeAnswer({ modelName: "m", modelVersion: "1", id: "r" }, outputs);
  const end = jsonBytes ?? body.length;
  const json = utf8.encode(text.decode(body.subarray(0, end)).replace(',"outputs":[', ',"inputs":['));
  return { body: Uint8Array.of(...json, ...body.subarray(end)), jsonBytes: json.length };
}

/** A model that takes exactly these tensors. */
function modelOf(tensors: readonly Tensor[]): Signature {
  return {
    inputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
  };
}

/** Whether these are the tensors, to the last bit; -0 is not 0. */
function expectTensors(call: InferenceCall, tensors: readonly Tensor[]): void {
  expect(call.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual(modelOf(tensors).inputs);
  for (const [index, { data }] of call.inputs.entries()) {
    const given = tensors[index]?.data ?? [];
    expect([data.constructor, data.length]).toEqual([given.constructor, given.length]);
    expect(Array.from<unknown, boolean>(data, (value, at) => Object.is(value, given[at]))).not.toContain(false);
  }
}

describe("the codec", () => {
  test("reads back exactly what it writes: every datatype, every shape, every name", () => {
    fc.assert(
      fc.property(anyTensors, fc.option(anyName, { nil: undefined }), (tensors, id) => {
        const call = decodeRequest(utf8.encode(requestOf(tensors, id)), undefined, modelOf(tensors));
        expect(call.id).toBe(id);
        expectTensors(call, tensors);
      }),
      { numRuns: 1_000 },
    );
  });

  test("reads back exactly what it writes, whichever of the tensors are in binary", () => {
    fc.assert(
      fc.property(anyTensors, fc.nat(15), (tensors, flags) => {
        const { body, jsonBytes } = binaryRequestOf(tensors, (index) => (flags & (1 << index)) !== 0);
        expectTensors(decodeRequest(body, jsonBytes, modelOf(tensors)), tensors);
      }),
      { numRuns: 1_000 },
    );
  });

  test("reads a tensor nested as it reads it flat", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }).map((shape) => {
          const count = shape.reduce((product, size) => product * size, 1);
          return { shape, flat: Array.from({ length: count }, (_, index) => index) };
        }),
        ({ shape, flat }) => {
          // Grouped from the last axis inwards: [0..5] of [1,2,3] → [[0,1,2],[3,4,5]] → [[[0,1,2],[3,4,5]]].
          let nested: unknown[] = flat;
          for (const size of shape.slice(1).toReversed()) {
            const rows = nested;
            nested = Array.from({ length: rows.length / size }, (_, row) => rows.slice(row * size, (row + 1) * size));
          }
          const model = modelOf([{ name: "x", datatype: "INT32", shape, data: [] }]);
          const decode = (data: unknown[]) =>
            decodeRequest(
              utf8.encode(JSON.stringify({ inputs: [{ name: "x", datatype: "INT32", shape, data }] })),
              undefined,
              model,
            );
          expect(decode(nested)).toEqual(decode(flat));
        },
      ),
      { numRuns: 200 },
    );
  });
});

const WORDS = 'null true {} [] [[]] "NaN" "__proto__" "name" "data" "inputs" "INT64" "parameters" {"__proto__":null}';
const NUMBERS = '-1 1.5 1e20 1e400 -0 9007199254740993 [9007199254740993] "9007199254740993" {"name":9007199254740993}';
const FRAGMENTS = String.raw`, : [ ] { } " \ NaN "parameters":{"binary_data_size":3}, {"binary_data":1}`;

/** What a mutation puts in the place of a piece of a request: valid JSON by itself, or not. */
const pieces = fc.oneof(
  fc.constantFrom(...WORDS.split(" ")),
  fc.constantFrom(...NUMBERS.split(" ")),
  fc.constantFrom(...FRAGMENTS.split(" ")),
  fc.constantFrom("", "\u0000", "\ud800", `${"[".repeat(20_000)}${"]".repeat(20_000)}`),
  fc.json({ maxDepth: 3 }),
);

/** A request's text cut into the tokens of JSON. */
function tokensOf(request: string): string[] {
  return request.match(/"(?:[^"\\]|\\.)*"|[-+.\w]+|[^]/g) ?? [];
}

const mutatedRequest = fc
  .record({
    tensors: anyTensors,
    mutations: fc.array(fc.record({ at: fc.nat(), remove: fc.nat(3), piece: pieces }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ tensors, mutations }) => {
    const tokens = tokensOf(requestOf(tensors, "r"));
    for (const { at, remove, piece } of mutations) tokens.splice(at % tokens.length, remove, piece);
    return { tensors, body: utf8.encode(tokens.join("")) };
  });

/** How a body ends: with a call, or with a refusal. Everything else is thrown on, and fails the property. */
function endOf(
  body: Uint8Array,
  signature: Signature,
  jsonBytes?: number,
): Pick<Refusal, "evidence"> & { code: string } {
  try {
    decodeRequest(body, jsonBytes, signature);
    return { code: "call", evidence: {} };
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** The code with which a body ends, which is a known one. */
function knownEndOf(body: Uint8Array, signature: Signature, jsonBytes?: number): string {
  const { code, evidence } = endOf(body, signature, jsonBytes);
  expect(["call", ...ENGINE_REFUSALS]).toContain(code);
  // A refusal crosses to the Worker as JSON, which has no word for NaN and infinities.
  const numbers = Object.values(evidence)
    .flat()
    .filter((value) => typeof value === "number");
  expect(numbers.every(Number.isFinite)).toBe(true);
  return code;
}

describe("whatever the body", () => {
  test("a request with pieces changed is either a call or a refusal of a known code", () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(mutatedRequest, ({ tensors, body }) => {
        const end = knownEndOf(body, modelOf(tensors));
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }),
      { numRuns: 4_000 },
    );
    // The mutations reach past the parser; if of 4,000 none met one of these, they would test little.
    expect([...ends.keys()]).toEqual(
      expect.arrayContaining(["call", "malformed-json", "invalid-request", "shape-mismatch", "invalid-data"]),
    );
  });

  test("a request with bytes changed is either a call or a refusal of a known code", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.boolean() });
    fc.assert(
      fc.property(anyTensors, change, (tensors, { at, byte, cut }) => {
        const body = utf8.encode(requestOf(tensors, "r"));
        body[at % body.length] = byte;
        knownEndOf(cut ? body.subarray(0, at % body.length) : body, modelOf(tensors));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a request with bytes of its JSON or of its binary part changed is either too, wherever its JSON is said to end", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), shift: fc.integer({ min: -2, max: 2 }) });
    fc.assert(
      fc.property(anyTensors, change, (tensors, { at, byte, shift }) => {
        const { body, jsonBytes } = binaryRequestOf(tensors, () => true);
        body[at % body.length] = byte;
        knownEndOf(body, modelOf(tensors), jsonBytes);
        knownEndOf(body, modelOf(tensors), jsonBytes + shift);
        knownEndOf(body, modelOf(tensors), 0);
      }),
      { numRuns: 2_000 },
    );
  });

  test("random bytes and random JSON are either a call or a refusal of a known code", () => {
    const model = modelOf([{ name: "x", datatype: "INT64", shape: [1], data: [] }]);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.json().map((json) => utf8.encode(json)),
        ),
        (body) => {
          knownEndOf(body, model);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
