import { describe, expect, test } from "vitest";
import type { Datatype } from "../../examples/onnx-tensor.ts";
import type { ValueDefinition } from "../../examples/onnx-writer.ts";
import { deploy, identityModel } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

type Send = (data: string, shape?: number[]) => Promise<Response>;

/**
 * Deploy an Identity model of a datatype. What it sends is JSON's text, because JavaScript's own numbers end at 2^53; the
 * shape is one dimension of all elements unless another is given.
 */
async function identityOf(datatype: Datatype, modelShape?: ValueDefinition["shape"]): Promise<Send> {
  const tenant = await newTenant();
  expect((await deploy(tenant, "identity", identityModel(datatype, modelShape))).status).toBe(201);
  return async (data, shape = [countOf(data)]) => {
    const input = `{"name":"x","datatype":"${datatype}","shape":${JSON.stringify(shape)},"data":${data}}`;
    const options = { body: `{"inputs":[${input}]}`, headers: { "Content-Type": "application/json" } };
    return await tenant.call("POST", "/v2/models/identity/infer", options);
  };
}

function countOf(data: string): number {
  const elements: unknown[] = JSON.parse(data);
  return elements.length;
}

/** The text of the answer's output, from its datatype on: digits beyond 2^53 would not survive a parser. */
async function outputText(response: Response): Promise<string> {
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text.slice(text.indexOf('"datatype"'), -"}]}".length);
}

describe("what goes in comes out", () => {
  test.each([
    ["FP64", "[0.1,-1.7976931348623157e+308,5e-324,-0]"],
    ["FP32", "[1.5,-2,16777216,-0]"],
    ["FP16", "[0.5,-2,65504,-0]"],
    ["INT8", "[-128,127]"],
    ["INT16", "[-32768,32767]"],
    ["INT32", "[-2147483648,2147483647]"],
    ["INT64", "[-9223372036854775808,9223372036854775807,0]"],
    ["UINT8", "[0,255]"],
    ["UINT16", "[0,65535]"],
    ["UINT32", "[0,4294967295]"],
    ["UINT64", "[0,18446744073709551615]"],
    ["BOOL", "[true,false]"],
    ["BYTES", '["","ä€😀","a\\"b\\\\c\\n"]'],
  ] as const)("as %s: %s", async (datatype, data) => {
    const send = await identityOf(datatype);
    const text = await outputText(await send(data));
    expect(text).toBe(`"datatype":"${datatype}","shape":[${countOf(data)}],"data":${data}`);
  });

  test("rounded to the nearest value that the datatype has", async () => {
    const [sendFp32, sendFp16] = [await identityOf("FP32"), await identityOf("FP16")];
    expect(await outputText(await sendFp32("[0.1]"))).toContain('"data":[0.10000000149011612]'); // 0.1 as binary32
    expect(await outputText(await sendFp16("[0.1]"))).toContain('"data":[0.0999755859375]'); // 0.1 as binary16
  });

  test.each(["FP16", "FP32", "FP64"] as const)(
    "as NaN and infinities of %s, which JSON has no words for",
    async (datatype) => {
      const send = await identityOf(datatype);
      const data = '["NaN","Infinity","-Infinity",1]';
      expect(await outputText(await send(data))).toContain(`"data":${data}`);
    },
  );

  test("beyond 2^53, where JSON's usual numbers are rounded", async () => {
    // 2^53 + 1 = 9007199254740993 is the first integer that a binary64 does not hold.
    const send = await identityOf("INT64");
    const data = "[9007199254740993,-9007199254740993]";
    expect(await outputText(await send(data))).toContain(`"data":${data}`);
  });

  test("as 64-bit integers that are written as strings, by clients that can't write them otherwise", async () => {
    const send = await identityOf("INT64");
    expect(await outputText(await send('["9007199254740993","-1",2]'))).toContain('"data":[9007199254740993,-1,2]');
  });

  test("as BOOL that is written as 0 and 1", async () => {
    const send = await identityOf("BOOL");
    expect(await outputText(await send("[1,0]"))).toContain('"data":[true,false]');
  });
});

describe("a shape", () => {
  test("may be nested or flat in data: the same tensor comes out, flat", async () => {
    const send = await identityOf("FP32", ["rows", 2, "columns"]);
    for (const data of ["[1,2,3,4]", "[[[1],[2]],[[3],[4]]]"]) {
      expect(await outputText(await send(data, [2, 2, 1]))).toBe('"datatype":"FP32","shape":[2,2,1],"data":[1,2,3,4]');
    }
  });

  test("may be empty: a scalar has one element", async () => {
    const send = await identityOf("FP32", []);
    expect(await outputText(await send("[42]", []))).toBe('"datatype":"FP32","shape":[],"data":[42]');
  });

  test("may be of no elements at all", async () => {
    const send = await identityOf("FP32", ["rows", "columns"]);
    expect(await outputText(await send("[]", [0, 3]))).toContain('"shape":[0,3],"data":[]');
    expect(await outputText(await send("[[],[]]", [2, 0]))).toContain('"shape":[2,0],"data":[]');
    const sendBytes = await identityOf("BYTES");
    expect(await outputText(await sendBytes("[]", [0]))).toContain('"shape":[0],"data":[]');
  });
});

describe("an element that the datatype can't hold is refused and named, and nothing is rounded in silence:", () => {
  test.each([
    ["INT64", 0, ["[1e20]", "[9007199254740993.0]", "[9223372036854775808]", '["9223372036854775808"]', '["1.5"]']],
    ["INT64", 1, ["[1,1e18]", "[1,1.5]", "[9007199254740993,null]"]],
    ["UINT64", 0, ["[-1]", "[18446744073709551616]"]],
    ["INT32", 0, ["[2147483648]", "[1.5]", '["1"]']],
    ["INT8", 0, ["[128]", "[-129]"]],
    ["UINT8", 1, ["[255,256]", "[0,-1]"]],
    ["BOOL", 1, ["[true,2]", '[true,"true"]', "[true,null]"]],
    ["FP32", 1, ['[1,"two"]', "[1,null]", "[1,true]", '[1,"nan"]', "[1,[2]]", '[1,"1"]']],
    ["BYTES", 1, ['["a",1]', '["a",null]', '["a","b\\u0000c"]']],
  ] as const)("%s, element %i of %j", async (datatype, index, bodies) => {
    const send = await identityOf(datatype);
    for (const data of bodies) {
      const problem = await expectProblem(await send(data), 400, "invalid-data");
      expect(problem, data).toMatchObject({ input: "x", index, expected: datatype });
      expect(problem.detail).toMatch(new RegExp(`^Input "x": element ${index} is `));
    }
  });
});
