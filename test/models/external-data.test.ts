import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { modelWithExternalData, weightsFile } from "../support/external-data.ts";
import { addOneModel } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects, storedRows } from "../support/registry.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const MIB = 1024 ** 2;
const NOTHING_OF_IT = { models: 1, versions: 0, aliases: 0 };

async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await tenant.call("POST", "/v1/models", { json: { name: "m" } });
  return tenant;
}

type Field = readonly [name: string, content: Uint8Array<ArrayBuffer> | string];

/** Upload a form: bytes become files, strings stay text fields. */
async function uploadForm(tenant: TestTenant, ...fields: Field[]): Promise<Response> {
  const form = new FormData();
  for (const [name, content] of fields) {
    if (typeof content === "string") form.append(name, content);
    else form.append(name, new Blob([content]), "file");
  }
  return await tenant.call("POST", "/v1/models/m/versions", { body: form });
}

async function inferWith(tenant: TestTenant, x: number[]): Promise<unknown> {
  const json = { inputs: [{ name: "x", datatype: "FP32", shape: [2], data: x }] };
  const answer: { outputs: { data: number[] }[] } = await (
    await tenant.call("POST", "/v2/models/m/infer", { json })
  ).json();
  return answer.outputs[0]?.data;
}

describe("a model with external data", () => {
  test("comes as a form, runs with its weights, and tells of its files", async () => {
    const tenant = await tenantWithModel();
    const [model, weights] = [modelWithExternalData("weights.bin"), weightsFile(10, 20)];
    const response = await uploadForm(tenant, ["model", model], ["data:weights.bin", weights]);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({
      size_bytes: model.byteLength + weights.byteLength,
      sha256: createHash("sha256").update(model).digest("hex"),
      external_data: [
        { name: "weights.bin", size_bytes: 8, sha256: createHash("sha256").update(weights).digest("hex") },
      ],
      inputs: [{ name: "x", datatype: "FP32", shape: [2] }],
    });
    expect(await inferWith(tenant, [1, 2])).toEqual([11, 22]); // 1 + 10, 2 + 20
  });

  test("may name its file as a path, which stays a name and leads nowhere", async () => {
    const tenant = await tenantWithModel();
    const name = "../../other/weights.bin";
    await uploadForm(tenant, ["model", modelWithExternalData(name)], [`data:${name}`, weightsFile(1, 1)]);
    const keys = await storedObjects(tenant);
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(key).toMatch(/^tenants\/ten_\w+\/models\/mdl_\w+\/ver_\w+(\.onnx|\.data\/0)$/);
    expect(await inferWith(tenant, [1, 2])).toEqual([2, 3]); // 1 + 1, 2 + 1
  });

  test("is deleted with all its files", async () => {
    const tenant = await tenantWithModel();
    const form: Field[] = [
      ["model", modelWithExternalData("w")],
      ["data:w", weightsFile(1, 1)],
    ];
    await uploadForm(tenant, ...form);
    await uploadForm(tenant, ...form);
    expect(await storedObjects(tenant)).toHaveLength(4);
    expect((await tenant.call("DELETE", "/v1/models/m/versions/2")).status).toBe(204);
    expect(await storedObjects(tenant)).toHaveLength(2);
    expect((await tenant.call("DELETE", "/v1/models/m")).status).toBe(204);
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test.each([
    ["alone", []],
    ["with a file of another name", [["data:other.bin", weightsFile(1, 1)]]],
    ["with a file that is too short", [["data:w", new Uint8Array(4)]]],
  ] as [string, Field[]][])("is refused %s, with ONNX Runtime's reason, and leaves nothing", async (_how, files) => {
    const tenant = await tenantWithModel();
    const response = await uploadForm(tenant, ["model", modelWithExternalData("w")], ...files);
    const problem = await expectProblem(response, 422, "model-rejected");
    expect(problem.detail).toMatch(/^ONNX Runtime refuses the model: .+/s);
    expect(await storedRows(tenant)).toEqual(NOTHING_OF_IT);
    expect(await storedObjects(tenant)).toEqual([]);
  });
});

describe("the form of an upload", () => {
  const model = addOneModel();

  test.each([
    ["without the model", [["data:w", weightsFile(1, 1)]], "model"],
    ["with an empty model", [["model", new Uint8Array(0)]], "model"],
    ["with the model as text", [["model", "text"]], "model"],
    [
      "with a field of another name",
      [
        ["model", model],
        ["weights", weightsFile(1, 1)],
      ],
      "weights",
    ],
    [
      "with data that has no name",
      [
        ["model", model],
        ["data:", weightsFile(1, 1)],
      ],
      "data:",
    ],
    [
      "with a field that is given twice",
      [
        ["model", model],
        ["model", model],
      ],
      "model",
    ],
  ] as [string, Field[], string][])("is refused %s, and the field is named", async (_how, fields, field) => {
    const tenant = await tenantWithModel();
    const problem = await expectProblem(await uploadForm(tenant, ...fields), 400, "invalid-request");
    expect(problem.detail).toMatch(new RegExp(`^${field}: `));
    expect(await storedObjects(tenant)).toEqual([]);
  });

  test("is refused when it is no form", async () => {
    const tenant = await tenantWithModel();
    const headers = { "Content-Type": "multipart/form-data; boundary=x" };
    const response = await tenant.call("POST", "/v1/models/m/versions", { headers, body: "no form" });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem.detail).toContain("not a form");
  });

  test("is refused when it announces more than 32 MiB, since it is read whole", async () => {
    const tenant = await tenantWithModel();
    const headers = { "Content-Type": "multipart/form-data; boundary=x", "Content-Length": String(32 * MIB + 1) };
    const response = await tenant.call("POST", "/v1/models/m/versions", { headers, body: "" });
    expect(await expectProblem(response, 413, "body-too-large")).toMatchObject({ max_bytes: 32 * MIB });
  });
});
