import { describe, expect, test } from "vitest";

import type { TensorDefinition } from "../../examples/onnx-tensor.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import type { ModelDefinition } from "../../examples/onnx-writer.ts";
import { outputModel, runModel } from "./run-model.ts";

describe("an initializer", () => {
  const cases: { tensor: TensorDefinition; expected: ArrayBufferView | string[] }[] = [
    { tensor: vector("FP32", [1.5, -2, Infinity]), expected: Float32Array.of(1.5, -2, Infinity) },
    { tensor: vector("FP64", [0.1, -1e300]), expected: Float64Array.of(0.1, -1e300) },
    { tensor: vector("INT8", [-128, 127]), expected: Int8Array.of(-128, 127) },
    { tensor: vector("INT16", [-32768, 32767]), expected: Int16Array.of(-32768, 32767) },
    { tensor: vector("INT32", [-(2 ** 31), 2 ** 31 - 1]), expected: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
    { tensor: vector("UINT8", [0, 255]), expected: Uint8Array.of(0, 255) },
    { tensor: vector("UINT16", [0, 65535]), expected: Uint16Array.of(0, 65535) },
    { tensor: vector("UINT32", [0, 2 ** 32 - 1]), expected: Uint32Array.of(0, 2 ** 32 - 1) },
    {
      tensor: { name: "value", datatype: "INT64", shape: [2], data: [-(2n ** 63n), 7] },
      expected: BigInt64Array.of(-(2n ** 63n), 7n),
    },
    {
      tensor: { name: "value", datatype: "UINT64", shape: [1], data: [2n ** 64n - 1n] },
      expected: BigUint64Array.of(2n ** 64n - 1n),
    },
    // binary16: 0x3e00 is 1.5, 0xc000 is −2
    {
      tensor: { name: "value", datatype: "FP16", shape: [2], data: Uint16Array.of(0x3e00, 0xc000) },
      expected: Uint16Array.of(0x3e00, 0xc000),
    },
    {
      tensor: { name: "value", datatype: "BOOL", shape: [3], data: [true, false, true] },
      expected: Uint8Array.of(1, 0, 1),
    },
    {
      tensor: { name: "value", datatype: "BYTES", shape: [3], data: ["setosa", "", "ñ"] },
      expected: ["setosa", "", "ñ"],
    },
  ];

  test.each(cases)("of $tensor.datatype comes back as it was written", async ({ tensor, expected }) => {
    const output = await runModel(constantModel(tensor));
    expect(output.dims).toEqual(tensor.shape);
    expect(comparable(output.data)).toEqual(comparable(expected));
  });

  test("of a typed array that views a part of its buffer is that part alone", async () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const output = await runModel(constantModel({ name: "value", datatype: "FP32", shape: [2], data }));
    expect(output.data).toEqual(Float32Array.of(1, 2));
  });

  test("may be a scalar, of shape [], or have no elements, by a dimension 0", async () => {
    const scalar = await runModel(constantModel({ name: "value", datatype: "FP32", shape: [], data: [3] }));
    expect(scalar).toMatchObject({ dims: [], data: Float32Array.of(3) });
    const empty = await runModel(constantModel({ name: "value", datatype: "FP32", shape: [0, 2], data: [] }));
    expect(empty).toMatchObject({ dims: [0, 2], data: new Float32Array(0) });
  });
});

describe("a tensor is refused by its name", () => {
  test("where the shape needs another number of elements", () => {
    expect(() => writeModel(constantModel({ name: "weights", datatype: "FP32", shape: [2, 3], data: [1] }))).toThrow(
      'tensor "weights": shape [2, 3] needs 6 elements, data has 1',
    );
  });

  test.each([-1, 1.5, Number.NaN])("where a dimension is %s", (dimension) => {
    const tensor: TensorDefinition = { name: "weights", datatype: "FP32", shape: [dimension], data: [] };
    expect(() => writeModel(constantModel(tensor))).toThrow(`tensor "weights": dimension ${dimension} is not`);
    const model = {
      ...outputModel("FP32", [], []),
      inputs: [{ name: "x", datatype: "FP32", shape: [dimension] }],
    } as const;
    expect(() => writeModel(model)).toThrow(`tensor "x": dimension ${dimension} is not`);
  });

  test("where its datatype cannot hold an integer", () => {
    const refused: [TensorDefinition, string][] = [
      [vector("INT8", [1, 300]), 'tensor "value": element 1 is 300, which INT8 cannot hold'],
      [vector("UINT32", [-1]), "element 0 is -1, which UINT32 cannot hold"],
      [vector("INT32", [0.5]), "element 0 is 0.5, which INT32 cannot hold"],
      [{ name: "value", datatype: "INT64", shape: [1], data: [0.5] }, "element 0 is 0.5, which INT64 cannot hold"],
      [{ name: "value", datatype: "INT64", shape: [1], data: [2n ** 63n] }, "which INT64 cannot hold"],
    ];
    for (const [tensor, message] of refused) expect(() => writeModel(constantModel(tensor))).toThrow(message);
  });
});

function vector(
  datatype: "FP32" | "FP64" | "INT8" | "INT16" | "INT32" | "UINT8" | "UINT16" | "UINT32",
  data: number[],
): TensorDefinition {
  return { name: "value", datatype, shape: [data.length], data };
}

function constantModel(tensor: TensorDefinition): ModelDefinition {
  return outputModel(tensor.datatype, [{ op: "Identity", inputs: [tensor.name], outputs: ["output"] }], [tensor]);
}

/** A typed array's bytes, as FP16 may come back as a Float16Array or as bit patterns; strings as they are. */
function comparable(data: unknown): unknown {
  if (!ArrayBuffer.isView(data)) return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}
