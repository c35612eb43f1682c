import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { writeModel } from "../../examples/onnx-writer.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects, storedRows } from "../support/registry.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const NOTHING_OF_IT = { models: 1, versions: 0, aliases: 0 };

/** A tenant with a model that has no version yet. */
async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await tenant.call("POST", "/v1/models", { json: { name: "m" } });
  return tenant;
}

/** A part of the world's models: `y = Gemm(x, w)`, so that there is more than one operator and a producer. */
function classifier(): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    opsetImports: { "ai.onnx.ml": 3 },
    producer: "tensorgate tests",
    inputs: [{ name: "features", datatype: "FP32", shape: ["batch", 2] }],
    outputs: [
      { name: "label", datatype: "INT64", shape: ["batch"] },
      { name: "scores", datatype: "FP32", shape: ["batch", 2] },
    ],
    nodes: [
      { op: "Gemm", inputs: ["features", "w"], outputs: ["logits"] },
      { op: "Softmax", inputs: ["logits"], outputs: ["scores"] },
      { op: "ArgMax", inputs: ["scores"], outputs: ["label"], attributes: { axis: { int: 1 }, keepdims: { int: 0 } } },
    ],
    initializers: [{ name: "w", datatype: "FP32", shape: [2, 2], data: [1, 0, 0, 1] }],
  });
}

describe("an upload", () => {
  test("answers with what the inspection found in the file", async () => {
    const tenant = await tenantWithModel();
    const bytes = classifier();
    const response = await upload(tenant, "m", bytes);
    expect(response.status).toBe(201);
    const version: { heap_bytes: number } = await response.json();
    expect(version).toEqual({
      id: expect.stringMatching(/^ver_/),
      model: "m",
      version: 1,
      size_bytes: bytes.byteLength,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      external_data: [],
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 2] }],
      outputs: [
        { name: "label", datatype: "INT64", shape: [-1] },
        { name: "scores", datatype: "FP32", shape: [-1, 2] },
      ],
      unsupported_outputs: [],
      opset: { "": 17, "ai.onnx.ml": 3 },
      operators: ["ArgMax", "Gemm", "Softmax"],
      producer: "tensorgate tests",
      heap_bytes: expect.any(Number),
      aliases: ["production"],
      runtime: "isolate",
      placement: { wished: "auto", reasons: [] },
      backend: null,
      state: "serving",
      retired_at: null,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(version.heap_bytes).toBeGreaterThanOrEqual(16 * MIB); // ONNX Runtime's own heap at its start
    expect(version.heap_bytes).toBeLessThan(64 * MIB);
  });

  test("stores the very bytes under the tenant, the model and the version", async () => {
    const tenant = await tenantWithModel();
    await upload(tenant, "m", addModel(7));
    const keys = await storedObjects(tenant);
    expect(keys).toEqual([expect.stringMatching(new RegExp(`^tenants/${tenant.id}/models/mdl_\\w+/ver_\\w+\\.onnx$`))]);
  });

  test("makes the first version production, and none of the later ones", async () => {
    const tenant = await tenantWithModel();
    const made = [];
    for (const n of [1, 2, 3]) made.push(await (await upload(tenant, "m", addModel(n))).json());
    expect(made).toMatchObject([
      { version: 1, aliases: ["production"] },
      { version: 2, aliases: [] },
      { version: 3, aliases: [] },
    ]);
    expect(await (await tenant.call("GET", "/v1/models/m")).json()).toMatchObject({ aliases: { production: 1 } });
  });

  test("does not become production again when the alias was taken away", async () => {
    const tenant = await tenantWithModel();
    await upload(tenant, "m", addModel(1));
    await tenant.call("DELETE", "/v1/models/m/aliases/production");
    expect(await (await upload(tenant, "m", addModel(2))).json()).toMatchObject({ version: 2, aliases: [] });
  });

  test("at the same time as others gets a number of its own, and one of them is production", async () => {
    const tenant = await tenantWithModel();
    const uploads = [1, 2, 3, 4].map((n) =>
      callToTheEnd(tenant, "POST", "/v1/models/m/versions", { body: addModel(n) }),
    );
    const numbers: number[] = [];
    for (const made of await Promise.all(uploads)) {
      const { version }: { version: number } = await made.json();
      numbers.push(version);
    }
    expect(numbers.toSorted((one, other) => one - other)).toEqual([1, 2, 3, 4]);
    expect(await (await tenant.call("GET", "/v1/models/m")).json()).toMatchObject({ aliases: { production: 1 } });
    expect(await storedRows(tenant)).toEqual({ models: 1, versions: 4, aliases: 1 });
    expect(await storedObjects(tenant)).toHaveLength(4);
  });

  test("takes no number when it was refused", async () => {
    const tenant = await tenantWithModel();
    await upload(tenant, "m", addModel(1));
    expect((await upload(tenant, "m", "no model")).status).toBe(422);
    expect(await (await upload(tenant, "m", addModel(2))).json()).toMatchObject({ version: 2 });
  });

  test("needs the model's name first", async () => {
    const tenant = await newTenant();
    const problem = await expectProblem(await upload(tenant, "m", addOneModel()), 404, "model-not-found");
    expect(problem.detail).toContain("POST /v1/models");
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("whose model is deleted meanwhile is 404, and leaves nothing", async () => {
    const tenant = await tenantWithModel();
    const bytes = addOneModel();
    const { uploading, writer } = beginUpload(tenant, bytes.byteLength);
    await writer.write(bytes.subarray(0, 10)); // is taken when the route reads the body: it has found the model by then
    await tenant.call("DELETE", "/v1/models/m");
    await writer.write(bytes.subarray(10));
    await writer.close();
    const problem = await expectProblem(await uploading, 404, "model-not-found");
    expect(problem.detail).toContain("deleted during the upload");
    expect(await storedRows(tenant)).toEqual({ models: 0, versions: 0, aliases: 0 });
    expect(await storedObjects(tenant)).toEqual([]);
  });
});

describe("an upload that ends early", () => {
  test("is 400 when its body ends before its Content-Length, and leaves nothing", async () => {
    const tenant = await tenantWithModel();
    const { uploading, writer } = beginUpload(tenant, 100);
    await writer.write(addOneModel().subarray(0, 99));
    await writer.close();
    const problem = await expectProblem(await uploading, 400, "invalid-request");
    expect(problem.detail).toContain("Content-Length");
    expect(await storedRows(tenant)).toEqual(NOTHING_OF_IT);
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("leaves nothing when its sender goes away", async () => {
    const tenant = await tenantWithModel();
    const { uploading, writer } = beginUpload(tenant, 100);
    await writer.write(addOneModel().subarray(0, 50));
    await writer.abort(new Error("gone"));
    await uploading;
    expect(await storedRows(tenant)).toEqual(NOTHING_OF_IT);
    expect(await storedObjects(tenant)).toEqual([]);
  });
});

/** An upload whose bytes the test writes one after the other. */
function beginUpload(tenant: TestTenant, announcedBytes: number) {
  const { readable, writable } = new TransformStream<Uint8Array>();
  const headers = { "Content-Length": String(announcedBytes) };
  const uploading = callToTheEnd(tenant, "POST", "/v1/models/m/versions", { body: readable, headers });
  return { uploading, writer: writable.getWriter() };
}

describe("a Content-Digest", () => {
  const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");
  const digestOf = (bytes: Uint8Array): string => `sha-256=:${sha256(bytes)}:`;

  test("that is right is accepted", async () => {
    const tenant = await tenantWithModel();
    const bytes = addOneModel();
    expect((await upload(tenant, "m", bytes, { "Content-Digest": digestOf(bytes) })).status).toBe(201);
  });

  test("that is wrong is 400 with both digests, and nothing stays", async () => {
    const tenant = await tenantWithModel();
    const [promised, sent] = [addModel(1), addModel(2)];
    const response = await upload(tenant, "m", sent, { "Content-Digest": digestOf(promised) });
    const problem = await expectProblem(response, 400, "digest-mismatch");
    expect(problem).toMatchObject({ expected: sha256(promised), actual: sha256(sent) });
    expect(await storedRows(tenant)).toEqual(NOTHING_OF_IT);
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("that is malformed is 400 and named", async () => {
    const tenant = await tenantWithModel();
    const response = await upload(tenant, "m", addOneModel(), { "Content-Digest": "sha-256=e3b0c442" });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem.detail).toContain("Content-Digest");
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("of another algorithm is left unread", async () => {
    const tenant = await tenantWithModel();
    expect((await upload(tenant, "m", addOneModel(), { "Content-Digest": "sha-512=:YWJj:" })).status).toBe(201);
  });
});

describe("an upload is refused before its bytes are read", () => {
  test("without a Content-Length: 411", async () => {
    const tenant = await tenantWithModel();
    const chunks = new ReadableStream({ start: (controller) => controller.close() });
    await expectProblem(await upload(tenant, "m", chunks), 411, "length-required");
  });

  test("when it announces more than 1 GiB: 413", async () => {
    const tenant = await tenantWithModel();
    const response = await upload(tenant, "m", "", { "Content-Length": String(GIB + 1) });
    expect(await expectProblem(response, 413, "body-too-large")).toMatchObject({ max_bytes: GIB });
  });

  test("when it announces more than an isolate can hold twice: 422", async () => {
    const tenant = await tenantWithModel();
    const response = await upload(tenant, "m", "", { "Content-Length": String(64 * MIB + 1) });
    const problem = await expectProblem(response, 422, "model-too-large");
    expect(problem.detail).toContain(String(64 * MIB + 1));
  });

  test.each(["application/json", "text/plain", "application/x-protobuf"])("as %s: 415", async (type) => {
    const tenant = await tenantWithModel();
    const problem = await expectProblem(
      await upload(tenant, "m", addOneModel(), { "Content-Type": type }),
      415,
      "unsupported-media-type",
    );
    expect(problem.detail).toContain(type);
  });

  test("and is taken as application/onnx, with parameters, or without a media type", async () => {
    const tenant = await tenantWithModel();
    for (const headers of [{ "Content-Type": "Application/ONNX; v=1" }, {}]) {
      const options = { body: addOneModel(), headers };
      expect((await tenant.call("POST", "/v1/models/m/versions", options)).status).toBe(201);
    }
  });
});

describe("what ONNX Runtime refuses", () => {
  const model = addOneModel();
  const corrupt = model.map((byte, place) => (place > 20 && place < 40 ? 255 - byte : byte));
  const unknownOperator = writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype: "FP32", shape: ["n"] }],
    outputs: [{ name: "y", datatype: "FP32", shape: ["n"] }],
    nodes: [{ op: "Frobnicate", inputs: ["x"], outputs: ["y"] }],
  });

  test.each([
    ["HTML", new TextEncoder().encode("<!doctype html><title>Not found</title>"), /protobuf/i],
    ["random bytes", Uint8Array.from({ length: 300 }, (_, place) => (place * 7919) % 256), /./],
    ["a file that is cut short", model.subarray(0, model.byteLength - 20), /./],
    ["a corrupt file", corrupt, /./],
    ["an operator that does not exist", unknownOperator, /Frobnicate/],
    [
      "a graph without nodes that make its output",
      writeModel({ opset: 17, inputs: [], outputs: [{ name: "y", datatype: "FP32", shape: [1] }], nodes: [] }),
      /./,
    ],
  ])("as %s is 422 with its reason, and leaves neither rows nor files", async (_what, bytes, reason) => {
    const tenant = await tenantWithModel();
    const problem = await expectProblem(await upload(tenant, "m", bytes), 422, "model-rejected");
    expect(problem.detail).toMatch(reason);
    expect(problem.detail).toMatch(/^(ONNX Runtime refuses the model: .+|This is not an ONNX model: .+)/s);
    expect(await storedRows(tenant)).toEqual(NOTHING_OF_IT);
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("as an empty body is 400, since there is no file to refuse", async () => {
    const tenant = await tenantWithModel();
    const problem = await expectProblem(await upload(tenant, "m", new Uint8Array(0)), 400, "invalid-request");
    expect(problem.detail).toContain("empty");
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("does not touch the version that is served", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    expect((await upload(tenant, "m", corrupt)).status).toBe(422);
    expect((await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest })).status).toBe(200);
    expect(await storedObjects(tenant)).toHaveLength(1);
  });
});
