import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encodeRequest, readCase } from "../../../scripts/conformance/cases.ts";
import { makeRoot, tensor, writeFolder } from "./case-folder.ts";

let root = "";
let requests = 0;

beforeEach(() => {
  root = makeRoot();
});

afterEach(() => rmSync(root, { recursive: true }));

/** The request body for one input, or why its case cannot be read. */
function requestFor(input: object, rest: object = {}): string {
  const outputs = [tensor("FP32", [0], { data: [] })];
  const directory = writeFolder(root, `request-${requests++}`, [{ inputs: [input], outputs, ...rest }]);
  const reading = readCase(join(directory, "case.json"));
  return reading.kind === "case" ? encodeRequest("7", reading.case) : reading.reason;
}

describe("encodeRequest", () => {
  it("writes 64-bit integers beyond 2^53 as exact literals", () => {
    expect(requestFor(tensor("INT64", [2], { data: [1, "-9007199254740993"] }))).toBe(
      '{"id":"7","inputs":[{"name":"x","shape":[2],"datatype":"INT64","data":[1,-9007199254740993]}]}',
    );
  });

  it("writes NaN and infinities as strings and keeps the sign of zero", () => {
    // Little-endian FP32: 00000080 is −0, 0000c07f is NaN, 000080ff is −∞, 0000803f is 1.
    const raw = Buffer.from("000000800000c07f000080ff0000803f", "hex").toString("base64");
    expect(requestFor(tensor("FP32", [4], { raw }))).toContain('"data":[-0,"NaN","-Infinity",1]');
  });

  it("reads raw FP16 as half precision", () => {
    // 0x3e00 = 1.5 and 0xc000 = −2, little-endian.
    const raw = Buffer.from("003e00c0", "hex").toString("base64");
    expect(requestFor(tensor("FP16", [2], { raw }))).toContain('"data":[1.5,-2]');
  });

  it("writes strings, booleans, generated values, scalars and tensors of size zero", () => {
    const inputs = [
      tensor("BYTES", [1], { data: ['"\n'] }),
      tensor("BOOL", [2], { data: [true, false] }),
      tensor("FP32", [2, 2], { generate: "arange/n" }),
      tensor("UINT8", [], { data: [9] }),
      tensor("INT64", [0, 3], { data: [] }),
    ];
    const data = inputs.map((input) => /"data":(\[.*\])\}\]/.exec(requestFor(input))?.[1]);
    // arange/n over 4 elements: 0/4, 1/4, 2/4, 3/4.
    expect(data).toEqual([String.raw`["\"\n"]`, "[true,false]", "[0,0.25,0.5,0.75]", "[9]", "[]"]);
  });

  it("asks for outputs by name only where the case says fetch", () => {
    expect(requestFor(tensor("INT8", [1], { data: [1] }), { fetch: ["label"] })).toContain(
      '"outputs":[{"name":"label"}]',
    );
  });

  it("is never reached by a case whose values do not fill its shape", () => {
    expect(requestFor(tensor("INT8", [3], { data: [1] }))).toContain('"x" has 1 values where [3] asks for 3');
  });
});
