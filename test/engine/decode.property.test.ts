import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DATATYPES, type Datatype, type Tensor } from "../../engine/datatypes.ts";
import { type InferenceCall, decodeRequest } from "../../engine/decode.ts";
import { anyName, anyTensors, tensorsOf } from "./arbitrary-tensors.ts";
import { type Body, modelOf, requestOf } from "./requests.ts";

const utf8 = new TextEncoder();

/** Whether these are the tensors, to the last bit; -0 is not 0. */
function expectTensors(call: InferenceCall, tensors: readonly Tensor[]): void {
  expect(call.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual(modelOf(tensors).inputs);
  for (const [index, { data }] of call.inputs.entries()) {
    const given = tensors[index]?.data ?? [];
    expect([data.constructor, data.length]).toEqual([given.constructor, given.length]);
    expect(Array.from<unknown, boolean>(data, (value, at) => Object.is(value, given[at]))).not.toContain(false);
  }
}

function callOf({ bytes, jsonBytes, signature }: Body): InferenceCall {
  return decodeRequest(bytes, jsonBytes, signature);
}

describe("the codec", () => {
  test.for(Object.keys(DATATYPES) as Datatype[])(
    "reads back exactly what it writes: %s, of every shape",
    (datatype) => {
      fc.assert(
        fc.property(tensorsOf(datatype), fc.boolean(), (tensors, binary) => {
          expectTensors(callOf(requestOf(tensors.map((tensor) => ({ tensor, binary })))), tensors);
        }),
        { numRuns: 200 },
      );
    },
  );

  test("reads back exactly what it writes: tensors of all datatypes and names, any of them in binary", () => {
    fc.assert(
      fc.property(anyTensors, fc.nat(15), fc.option(anyName, { nil: undefined }), (tensors, flags, id) => {
        const outputs = tensors.map((tensor, index) => ({ tensor, binary: (flags & (1 << index)) !== 0 }));
        const call = callOf(requestOf(outputs, id));
        expect(call.id).toBe(id);
        expectTensors(call, tensors);
      }),
      { numRuns: 2_000 },
    );
  });

  test.for([false, true])("reads back each of the 65,536 halves there are, in binary: %s", (binary) => {
    const data = new Float16Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer);
    const tensors: Tensor[] = [{ name: "x", datatype: "FP16", shape: [256, 256], data }];
    expectTensors(callOf(requestOf(tensors.map((tensor) => ({ tensor, binary })))), tensors);
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
