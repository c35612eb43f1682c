import { describe, expect, test } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy, identityModel, sumAndDifferenceModel } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const MIB = 1024 * 1024;
const MAX_BODY_BYTES = 32 * MIB;
const JSON_HEADERS = { "Content-Type": "application/json" };

const a = { name: "a", datatype: "FP32", shape: [2], data: [5, 7] };
const b = { name: "b", datatype: "FP32", shape: [2], data: [1, 2] };

/** A tenant with `sum = a + b` and `difference = a - b`. */
async function tenantWithSums(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "sums", sumAndDifferenceModel());
  return tenant;
}

async function infer(tenant: TestTenant, json: unknown): Promise<Response> {
  return await tenant.call("POST", "/v2/models/sums/infer", { json });
}

describe("inputs and outputs", () => {
  test("are matched by name, in any order", async () => {
    const response = await infer(await tenantWithSums(), { inputs: [b, a] });
    expect(await response.json()).toEqual({
      model_name: "sums",
      model_version: "1",
      outputs: [
        { name: "sum", datatype: "FP32", shape: [2], data: [6, 9] }, // 5 + 1, 7 + 2
        { name: "difference", datatype: "FP32", shape: [2], data: [4, 5] }, // 5 − 1, 7 − 2
      ],
    });
  });

  test.each([
    [["difference"], ["difference"]],
    [
      ["difference", "sum"],
      ["difference", "sum"],
    ],
    [[], ["sum", "difference"]],
  ])("of %j are computed %j, in the order of the request", async (requested, given) => {
    const outputs = requested.map((name) => ({ name }));
    const response = await infer(await tenantWithSums(), { inputs: [a, b], outputs });
    const answer: { outputs: { name: string }[] } = await response.json();
    expect(answer.outputs.map(({ name }) => name)).toEqual(given);
  });

  test("may carry parameters, which are left unread", async () => {
    const parameters = { priority: 1 };
    const response = await infer(await tenantWithSums(), { parameters, inputs: [{ ...a, parameters }, b] });
    expect(response.status).toBe(200);
  });
});

describe("a request that does not fit the model is refused:", () => {
  test.each([
    ["an input too few", { inputs: [a] }, "missing-input", { missing: ["b"] }, '"b" (FP32 [-1])'],
    ["no inputs", { inputs: [] }, "missing-input", { missing: ["a", "b"] }, '"a" (FP32 [-1]), "b" (FP32 [-1])'],
    [
      "an unknown input",
      { inputs: [a, b, { ...a, name: "c" }] },
      "unknown-input",
      { input: "c", known: ["a", "b"] },
      '"c"; it takes "a", "b"',
    ],
    ["an input given twice", { inputs: [a, b, a] }, "duplicate-input", { input: "a" }, '"a"'],
    [
      "an unknown output",
      { inputs: [a, b], outputs: [{ name: "product" }] },
      "unknown-output",
      { known: ["sum", "difference"] },
      '"product"; it gives "sum", "difference"',
    ],
    [
      "another datatype",
      { inputs: [a, { ...b, datatype: "INT64" }] },
      "datatype-mismatch",
      { input: "b", expected: "FP32", actual: "INT64" },
      '"b": datatype is INT64, the model takes FP32',
    ],
    [
      "no datatype",
      { inputs: [a, { ...b, datatype: undefined }] },
      "datatype-mismatch",
      { input: "b", expected: "FP32", actual: "missing" },
      '"b"',
    ],
    [
      "another rank",
      { inputs: [a, { ...b, shape: [1, 2] }] },
      "shape-mismatch",
      { input: "b", expected: [-1], actual: [1, 2] },
      '"b": shape is [1,2], the model takes [-1]',
    ],
    [
      "a negative dimension",
      { inputs: [a, { ...b, shape: [-1] }] },
      "shape-mismatch",
      { input: "b", expected: [-1] },
      '"b"',
    ],
    ["no shape", { inputs: [a, { ...b, shape: undefined }] }, "shape-mismatch", { input: "b", expected: [-1] }, '"b"'],
    [
      "too few elements",
      { inputs: [a, { ...b, data: [1] }] },
      "shape-mismatch",
      { input: "b", expected_elements: 2, actual_elements: 1 },
      '"b": shape [2] needs 2 elements, data has 1',
    ],
    [
      "too many elements",
      { inputs: [a, { ...b, data: [1, 2, 3] }] },
      "shape-mismatch",
      { input: "b", expected_elements: 2, actual_elements: 3 },
      '"b"',
    ],
    [
      "no data",
      { inputs: [a, { ...b, data: undefined }] },
      "invalid-data",
      { input: "b" },
      '"b": data must be an array',
    ],
    [
      "a scalar as data",
      { inputs: [a, { ...b, data: 1 }] },
      "invalid-data",
      { input: "b" },
      '"b": data must be an array',
    ],
  ] as const)("%s", async (_what, request, code, evidence, sentence) => {
    const problem = await expectProblem(await infer(await tenantWithSums(), request), 400, code);
    expect(problem).toMatchObject(evidence);
    expect(problem.detail).toContain(sentence);
    expect(problem["error"]).toBe(problem.detail);
  });

  test("a fixed dimension of another size, with the size that the model takes", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const inputs = [{ ...addOneRequest.inputs[0], shape: [1, 3], data: [1, 2, 3] }];
    const response = await tenant.call("POST", "/v2/models/m/infer", { json: { inputs } });
    const problem = await expectProblem(response, 400, "shape-mismatch");
    expect(problem).toMatchObject({ input: "x", expected: [-1, 2], actual: [1, 3] });
  });

  test.each([
    ["[[1,2],[3]]", "axis 1 of shape [2,2] needs arrays of 2, data has an array of 1"],
    ["[[1,2],3]", "axis 1 of shape [2,2] needs arrays of 2, data has number"],
    ["[[1,2]]", "axis 0 of shape [2,2] needs arrays of 2, data has an array of 1"],
  ])("the nested data %s, with the axis at fault", async (data, sentence) => {
    const tenant = await newTenant();
    await deploy(tenant, "m", identityModel("FP32", ["rows", "columns"]));
    const inputs = [{ name: "x", datatype: "FP32", shape: [2, 2], data: JSON.parse(data) }];
    const response = await tenant.call("POST", "/v2/models/m/infer", { json: { inputs } });
    const problem = await expectProblem(response, 400, "shape-mismatch");
    expect(problem.detail).toContain(sentence);
  });

  test.each([
    ["[]", "The body must be a JSON object"],
    ["{}", "inputs must be an array"],
    ['{"inputs":{}}', "inputs must be an array"],
    ['{"inputs":[1]}', "inputs[0] must be a JSON object"],
    ['{"inputs":[{}]}', "inputs[0].name must be a string"],
    ['{"id":1,"inputs":[]}', "id must be a string"],
    [
      '{"inputs":[{"name":"a","datatype":"FP32","shape":[0],"data":[]},{"name":"b","datatype":"FP32","shape":[0],"data":[]}],"outputs":1}',
      "outputs must be an array",
    ],
  ])("the envelope %s", async (body, sentence) => {
    const tenant = await tenantWithSums();
    const response = await tenant.call("POST", "/v2/models/sums/infer", { body, headers: JSON_HEADERS });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem.detail).toContain(sentence);
  });
});

describe("a body that can't be read is refused:", () => {
  test("malformed JSON, with its place", async () => {
    const tenant = await tenantWithSums();
    const response = await tenant.call("POST", "/v2/models/sums/infer", {
      body: '{\n "inputs" 1}',
      headers: JSON_HEADERS,
    });
    // `{`, the line's end and ` "inputs" ` are 2 + 10 characters: the 1 stands at 12, in line 2 at column 11.
    expect(await expectProblem(response, 400, "malformed-json")).toMatchObject({ position: 12, line: 2, column: 11 });
  });

  test.each([
    ["nothing", ""],
    ["what is not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
  ])("%s", async (_what, body) => {
    const tenant = await tenantWithSums();
    const response = await tenant.call("POST", "/v2/models/sums/infer", { body, headers: JSON_HEADERS });
    await expectProblem(response, 400, "malformed-json");
  });

  test.each(["text/plain", "application/x-protobuf", "multipart/form-data; boundary=x"])("as %s", async (type) => {
    const tenant = await tenantWithSums();
    const response = await tenant.call("POST", "/v2/models/sums/infer", {
      body: "{}",
      headers: { "Content-Type": type },
    });
    const problem = await expectProblem(response, 415, "unsupported-media-type");
    expect(problem.detail).toContain(type.split(";")[0]);
  });

  test("more than 32 MiB, when it says so", async () => {
    const tenant = await tenantWithSums();
    const headers = { ...JSON_HEADERS, "Content-Length": String(MAX_BODY_BYTES + 1) };
    const response = await tenant.call("POST", "/v2/models/sums/infer", { body: "", headers });
    expect(await expectProblem(response, 413, "body-too-large")).toMatchObject({ max_bytes: MAX_BODY_BYTES });
  });

  test("more than 32 MiB, in chunks", async () => {
    const tenant = await tenantWithSums();
    const { body } = spaces(MAX_BODY_BYTES + 1);
    const response = await tenant.call("POST", "/v2/models/sums/infer", { body, headers: JSON_HEADERS });
    expect(await expectProblem(response, 413, "body-too-large")).toMatchObject({ max_bytes: MAX_BODY_BYTES });
  });

  test("more than 32 MiB, in chunks with an Idempotency-Key, of which no more is read and nothing is charged", async () => {
    const tenant = await tenantWithSums();
    const { body, bytesRead } = spaces(2 * MAX_BODY_BYTES);
    const headers = { ...JSON_HEADERS, "Idempotency-Key": '"k"' };
    const response = await callToTheEnd(tenant, "POST", "/v2/models/sums/infer", { body, headers });
    expect(await expectProblem(response, 413, "body-too-large")).toMatchObject({ max_bytes: MAX_BODY_BYTES });
    expect(bytesRead()).toBeLessThan(MAX_BODY_BYTES + 4 * MIB);
    const usage: { data: unknown[] } = await (await tenant.call("GET", "/v1/usage")).json();
    expect(usage.data).toEqual([]);
  });
});

/** So many bytes of white space, in chunks of a MiB, and how many of them were taken. */
function spaces(bytes: number): { body: ReadableStream<Uint8Array>; bytesRead: () => number } {
  let read = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const size = Math.min(bytes - read, MIB);
      controller.enqueue(new Uint8Array(size).fill(0x20));
      read += size;
      if (read === bytes) controller.close();
    },
  });
  return { body, bytesRead: () => read };
}
