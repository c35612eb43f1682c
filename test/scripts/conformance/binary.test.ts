import { describe, expect, it } from "vitest";
import { encodeBinaryRequest, withBinaryData } from "../../../scripts/conformance/binary.ts";
import { type Tensor, decodeBytes } from "../../../scripts/conformance/tensors.ts";

const tensors: Tensor[] = [
  { name: "f", datatype: "FP32", shape: [2], values: [1, -0] },
  { name: "b", datatype: "BOOL", shape: [3], values: [true, false, true] },
  { name: "n", datatype: "INT64", shape: [1], values: [2n ** 62n + 1n] },
  { name: "s", datatype: "BYTES", shape: [2], values: ["", "ä"] },
];

describe("the binary form of a request", () => {
  it("has its tensors behind the JSON, little-endian, in the order of the inputs", () => {
    const { body, jsonBytes } = encodeBinaryRequest("r1", {
      inputs: tensors,
      outputs: [],
      rtol: 0,
      atol: 0,
      fetch: ["y"],
    });
    expect(JSON.parse(Buffer.from(body.subarray(0, jsonBytes)).toString())).toEqual({
      id: "r1",
      parameters: { binary_data_output: true },
      inputs: [
        { name: "f", shape: [2], datatype: "FP32", parameters: { binary_data_size: 8 } },
        { name: "b", shape: [3], datatype: "BOOL", parameters: { binary_data_size: 3 } },
        { name: "n", shape: [1], datatype: "INT64", parameters: { binary_data_size: 8 } },
        // Two lengths of 4 bytes, and the two bytes of ä.
        { name: "s", shape: [2], datatype: "BYTES", parameters: { binary_data_size: 10 } },
      ],
      outputs: [{ name: "y" }],
    });
    expect([...body.subarray(jsonBytes, jsonBytes + 11)]).toEqual([0, 0, 128, 63, 0, 0, 0, 128, 1, 0, 1]);
  });

  it("reads back as the values that were written", () => {
    const { body, jsonBytes } = encodeBinaryRequest("r1", {
      inputs: tensors,
      outputs: [],
      rtol: 0,
      atol: 0,
      fetch: undefined,
    });
    const sizes = [8, 3, 8, 10];
    const outputs = tensors.map(({ name, datatype }, index) => ({
      name,
      datatype,
      parameters: { binary_data_size: sizes[index] },
    }));
    const filled = withBinaryData(outputs, body.subarray(jsonBytes));
    expect(filled.map((output) => output.data)).toEqual(tensors.map((tensor) => tensor.values));
  });
});

describe("a binary answer", () => {
  it("that ends too early, or too late, can't be read", () => {
    const output = { name: "y", datatype: "FP32", parameters: { binary_data_size: 4 } };
    expect(() => withBinaryData([output], new Uint8Array(3))).toThrow('output "y": the body ends before its 4 bytes');
    expect(() => withBinaryData([output], new Uint8Array(5))).toThrow("1 bytes follow the last output");
  });

  it("reads INT64 exactly", () => {
    expect(decodeBytes("INT64", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 64))).toEqual([2n ** 62n + 1n]);
  });
});
