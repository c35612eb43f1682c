import { describe, expect, test } from "vitest";
import type { Datatype, Tensor, TensorData } from "../../engine/datatypes.ts";
import { type AnswerHead, encodeAnswer } from "../../engine/encode.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const head: AnswerHead = { modelName: "m", modelVersion: "1", id: undefined };

function encode(outputs: readonly Tensor[], changed: Partial<AnswerHead> = {}): string {
  const inJson = outputs.map((tensor) => ({ tensor, binary: false }));
  return utf8.decode(encodeAnswer({ ...head, ...changed }, inJson).body);
}

/** The text of `data` in an answer of one flat tensor. */
function encodedData(datatype: Datatype, data: TensorData): string {
  const text = encode([{ name: "y", datatype, shape: [data.length], data }]);
  const before = `{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"${datatype}","shape":[${data.length}],"data":[`;
  expect(text.startsWith(before)).toBe(true);
  expect(text.endsWith("]}]}")).toBe(true);
  return text.slice(before.length, -"]}]}".length);
}

describe("an answer", () => {
  test("names its model, version and the caller's id, then each output with its shape and flat data", () => {
    const outputs: Tensor[] = [
      { name: "y", datatype: "FP32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 0.5) },
      { name: "label", datatype: "BYTES", shape: [1], data: ["setosa"] },
    ];
    expect(encode(outputs, { id: "r1" })).toBe(
      '{"model_name":"m","model_version":"1","id":"r1","outputs":[' +
        '{"name":"y","datatype":"FP32","shape":[2,2],"data":[1,2,3,0.5]},' +
        '{"name":"label","datatype":"BYTES","shape":[1],"data":["setosa"]}]}',
    );
  });

  test("to a request without an id has none, and to one with an empty id has that", () => {
    expect(encode([])).toBe('{"model_name":"m","model_version":"1","outputs":[]}');
    expect(encode([], { id: "" })).toBe('{"model_name":"m","model_version":"1","id":"","outputs":[]}');
  });

  test.for(['a "quoted" \\ name', '"}],"x":[', "line\nend\ttab", "π 🎈", "\ud800", "__proto__", "\u2028"])(
    "escapes %j wherever a name may stand",
    (name) => {
      const text = encode([{ name, datatype: "BYTES", shape: [1], data: [name] }], {
        modelName: name,
        modelVersion: name,
        id: name,
      });
      expect(JSON.parse(text)).toEqual({
        model_name: name,
        model_version: name,
        id: name,
        outputs: [{ name, datatype: "BYTES", shape: [1], data: [name] }],
      });
    },
  );
});

const written: [Datatype, TensorData, string][] = [
  ["BOOL", Uint8Array.of(1, 0), "true,false"],
  ["UINT8", Uint8Array.of(0, 255), "0,255"],
  ["UINT16", Uint16Array.of(0, 65_535), "0,65535"],
  ["UINT32", Uint32Array.of(0, 4_294_967_295), "0,4294967295"],
  ["UINT64", BigUint64Array.of(0n, 2n ** 64n - 1n), "0,18446744073709551615"],
  ["INT8", Int8Array.of(-128, 127), "-128,127"],
  ["INT16", Int16Array.of(-32_768, 32_767), "-32768,32767"],
  ["INT32", Int32Array.of(-2_147_483_648, 2_147_483_647), "-2147483648,2147483647"],
  ["INT64", BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), "-9223372036854775808,9223372036854775807"],
  ["FP16", Float16Array.of(1.5, 65_504), "1.5,65504"],
  ["FP32", Float32Array.of(1.5, -2), "1.5,-2"],
  ["FP64", Float64Array.of(0.1, 1e300), "0.1,1e+300"],
  ["BYTES", ["a", ""], '"a",""'],
];

describe("the data of an output", () => {
  test.for(written)("of %s is written in full", ([datatype, data, text]) => {
    expect(encodedData(datatype, data)).toBe(text);
  });

  test("of FP32 and FP16 has the digits that give the very same float back", () => {
    // The float next to 0.1 is 0.100000001490116119384765625; these 17 digits name it among the doubles.
    expect(encodedData("FP32", Float32Array.of(0.1))).toBe("0.10000000149011612");
    // In FP16 the one next to 0.1 is 1638 / 2^14 = 0.0999755859375.
    expect(encodedData("FP16", Float16Array.of(0.1))).toBe("0.0999755859375");
  });

  test.for(["FP16", "FP32", "FP64"] as const)("of %s has words for NaN and infinities, and keeps -0", (datatype) => {
    const values = [1, NaN, Infinity, -Infinity, -0, 0];
    const array = { FP16: Float16Array, FP32: Float32Array, FP64: Float64Array }[datatype];
    expect(encodedData(datatype, array.from(values))).toBe('1,"NaN","Infinity","-Infinity",-0,0');
    expect(encodedData(datatype, array.of(-0))).toBe("-0");
  });

  test("of numbers very large and very small is valid JSON", () => {
    const numbers = [1.797_693_134_862_315_7e308, 5e-324, 1e21, 123_456_789_012_345_680_000];
    const text = encodedData("FP64", Float64Array.from(numbers));
    expect(text).toBe("1.7976931348623157e+308,5e-324,1e+21,123456789012345680000");
    expect(JSON.parse(`[${text}]`)).toEqual(numbers);
  });

  test("that is empty is an empty array, and its shape is kept", () => {
    const empty: Tensor[] = [
      { name: "y", datatype: "FP32", shape: [0, 3], data: new Float32Array() },
      { name: "z", datatype: "BYTES", shape: [0], data: [] },
      { name: "n", datatype: "INT64", shape: [2, 0], data: new BigInt64Array() },
    ];
    expect(JSON.parse(encode(empty))).toMatchObject({
      outputs: [
        { shape: [0, 3], data: [] },
        { shape: [0], data: [] },
        { shape: [2, 0], data: [] },
      ],
    });
  });

  test("of a scalar is one element in an empty shape", () => {
    const text = encode([{ name: "y", datatype: "FP32", shape: [], data: Float32Array.of(7) }]);
    expect(text).toContain('"shape":[],"data":[7]');
  });

  test("of a view is that of the view, not of the buffer beneath", () => {
    expect(encodedData("FP32", Float32Array.of(9, 1, 2, 9).subarray(1, 3))).toBe("1,2");
  });
});

describe("an answer with outputs in binary", () => {
  test("has them behind its JSON, in order, and says there how long each is and in a header how long the JSON is", () => {
    const y: Tensor = { name: "y", datatype: "FP32", shape: [2], data: Float32Array.of(1, -2) };
    const label: Tensor = { name: "label", datatype: "BYTES", shape: [2], data: ["a", "π"] };
    const n: Tensor = { name: "n", datatype: "INT64", shape: [1], data: BigInt64Array.of(5n) };
    const { body, jsonBytes } = encodeAnswer(head, [
      { tensor: label, binary: true },
      { tensor: n, binary: false },
      { tensor: y, binary: true },
    ]);
    const json =
      '{"model_name":"m","model_version":"1","outputs":[' +
      '{"name":"label","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":11}},' +
      '{"name":"n","datatype":"INT64","shape":[1],"data":[5]},' +
      '{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]}';
    expect(jsonBytes).toBe(json.length);
    expect(utf8.decode(body.subarray(0, jsonBytes))).toBe(json);
    // Each string behind its length in 4 bytes, low first: 4 + 1 and 4 + 2 bytes of UTF-8.
    // 1 is 0x3f800000, -2 is 0xc0000000.
    const strings = [1, 0, 0, 0, 0x61, 2, 0, 0, 0, 0xcf, 0x80];
    expect([...body.subarray(jsonBytes)]).toEqual([...strings, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  test("has no such header where no output is", () => {
    const y: Tensor = { name: "y", datatype: "FP32", shape: [1], data: Float32Array.of(1) };
    const { body, jsonBytes } = encodeAnswer(head, [{ tensor: y, binary: false }]);
    expect(jsonBytes).toBeUndefined();
    expect(utf8.decode(body)).toBe(encode([y]));
  });

  test("has it where the only one is empty", () => {
    const empty: Tensor = { name: "y", datatype: "FP32", shape: [0], data: new Float32Array() };
    const { body, jsonBytes } = encodeAnswer(head, [{ tensor: empty, binary: true }]);
    expect(jsonBytes).toBe(body.byteLength);
  });

  test("is that of a view, not of the buffer beneath", () => {
    const data = Uint16Array.of(9, 0x0102, 9).subarray(1, 2);
    const { body, jsonBytes } = encodeAnswer(head, [
      { tensor: { name: "y", datatype: "UINT16", shape: [1], data }, binary: true },
    ]);
    expect([...body.subarray(jsonBytes)]).toEqual([2, 1]);
  });
});
