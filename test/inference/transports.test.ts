import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { DATATYPES } from "../../engine/datatypes.ts";
import { callToTheEnd } from "../support/direct.ts";
import { deploy, identityModel, perceptronModel } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type FloatDatatype = "FP16" | "FP32" | "FP64";
type Form = "JSON" | "binary";

/** The request's form, then the answer's. */
const WAYS: readonly (readonly [Form, Form])[] = [
  ["JSON", "JSON"],
  ["JSON", "binary"],
  ["binary", "JSON"],
  ["binary", "binary"],
];

/** NaN, infinities, both zeros, and of each datatype the smallest and largest values, normal and subnormal. */
const SPECIAL = [
  [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.1, 1 / 3],
  [65_504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24], // binary16
  [(2 - 2 ** -23) * 2 ** 127, 2 ** -126, 2 ** -149, (2 ** 23 - 1) * 2 ** -149, 16_777_217], // binary32
  [Number.MAX_VALUE, 2 ** -1022, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER], // binary64
].flat();

const utf8 = new TextEncoder();

/** A float as JSON has it: NaN and infinities by name, and -0 as it is, which JSON.stringify would make 0. */
function jsonElement(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/**
 * Rows of elements of a datatype: special ones among any patterns of bits, or moderate ones alone, since the others are too
 * large or too small for most sums, and a codec may take another way where all elements are finite.
 */
function anyRows(datatype: FloatDatatype, columns: number): fc.Arbitrary<number[]> {
  const { array } = DATATYPES[datatype];
  const bytes = array.BYTES_PER_ELEMENT;
  const anyBits = fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((bits) => new array(bits.buffer)[0] ?? 0);
  const moderate = fc.maxSafeInteger().map((integer) => array.of(integer * 2 ** -50)[0] ?? 0); // below 8, all bits in use
  const rowsOf = (element: fc.Arbitrary<number>): fc.Arbitrary<number[]> => {
    const row = fc.array(element, { minLength: columns, maxLength: columns });
    return fc.array(row, { minLength: 1, maxLength: 8 }).map((rows) => rows.flat());
  };
  return fc.oneof(rowsOf(fc.oneof(fc.constantFrom(...array.from(SPECIAL)), anyBits)), rowsOf(moderate));
}

interface Input {
  readonly datatype: FloatDatatype;
  readonly shape: readonly number[];
  readonly elements: readonly number[];
}

/** One tensor in one of the forms, in a request for an answer in one of them. */
function requestOf({ datatype, shape, elements }: Input, given: Form, asked: Form) {
  const isBinary = given === "binary";
  const bytes = new Uint8Array(DATATYPES[datatype].array.from(isBinary ? elements : []).buffer);
  const content = isBinary
    ? `"parameters":{"binary_data_size":${bytes.byteLength}}`
    : `"data":[${elements.map(jsonElement).join(",")}]`;
  const input = `{"name":"x","datatype":"${datatype}","shape":[${shape.join(",")}],${content}}`;
  const output = `{"name":"y","parameters":{"binary_data":${String(asked === "binary")}}}`;
  const json = utf8.encode(`{"inputs":[${input}],"outputs":[${output}]}`);
  const length = isBinary ? { "Inference-Header-Content-Length": String(json.byteLength) } : {};
  return {
    body: new Uint8Array([...json, ...bytes]),
    headers: { "Content-Type": "application/octet-stream", ...length },
  };
}

const element = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const answerSchema = z.object({
  outputs: z.tuple([z.object({ data: z.array(element).optional() })]),
});

/** The elements of an answer in the form that was asked for: from its JSON, or from the bytes behind it. */
async function elementsOf(datatype: FloatDatatype, asked: Form, response: Response): Promise<number[]> {
  const body = await response.arrayBuffer();
  const jsonBytes = Number(response.headers.get("Inference-Header-Content-Length") ?? body.byteLength);
  const text = new TextDecoder().decode(body.slice(0, jsonBytes));
  expect(response.status, text).toBe(200);
  const { data } = answerSchema.parse(JSON.parse(text)).outputs[0];
  expect(data === undefined ? "binary" : "JSON").toBe(asked);
  const { array } = DATATYPES[datatype];
  return Array.from(data ? array.from(data) : new array(body.slice(jsonBytes)));
}

/** Send an input in all ways; gives the elements of each answer, in the order of {@link WAYS}. */
async function inAllWays(tenant: TestTenant, input: Input): Promise<number[][]> {
  const answers: number[][] = [];
  for (const [given, asked] of WAYS) {
    const response = await callToTheEnd(tenant, "POST", "/v2/models/m/infer", requestOf(input, given, asked));
    answers.push(await elementsOf(input.datatype, asked, response));
  }
  return answers;
}

// toEqual tells -0 from 0, so equal numbers have equal bits. NaN has many patterns of bits and one name in JSON: it is one.
describe("JSON and binary carry the same bits, whichever way in and whichever way out,", () => {
  test.each(["FP16", "FP32", "FP64"] as const)("of %s as they are", { timeout: 60_000 }, async (datatype) => {
    const tenant = await newTenant();
    await deploy(tenant, "m", identityModel(datatype));
    const special = Array.from(DATATYPES[datatype].array.from(SPECIAL));
    const holds = async (elements: number[]): Promise<void> => {
      const answers = await inAllWays(tenant, { datatype, shape: [elements.length], elements });
      expect(answers).toEqual(WAYS.map(() => elements));
    };
    await fc.assert(fc.asyncProperty(anyRows(datatype, 4), holds), { numRuns: 30, examples: [[special]] });
  });

  test.each(["FP32", "FP64"] as const)("of %s that a model has computed", { timeout: 60_000 }, async (datatype) => {
    const tenant = await newTenant();
    await deploy(tenant, "m", perceptronModel(datatype));
    const holds = async (elements: number[]): Promise<void> => {
      const [first, ...others] = await inAllWays(tenant, { datatype, shape: [elements.length / 4, 4], elements });
      expect(first).toHaveLength((elements.length / 4) * 3);
      expect(others).toEqual(others.map(() => first));
    };
    await fc.assert(fc.asyncProperty(anyRows(datatype, 4), holds), { numRuns: 30 });
  });
});
