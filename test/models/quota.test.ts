import { describe, expect, test } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects, storedRows } from "../support/registry.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

const OCTETS = { "Content-Type": "application/octet-stream" };

async function name(tenant: TestTenant, model: string): Promise<Response> {
  return await tenant.call("POST", "/v1/models", { json: { name: model } });
}

describe("the number of models", () => {
  test("has a limit: the next one is 403 and tells the limit, until one is deleted", async () => {
    const tenant = await newTenant({ limits: { models: 2 } });
    for (const model of ["a", "b"]) expect((await name(tenant, model)).status).toBe(201);
    const problem = await expectProblem(await name(tenant, "c"), 403, "quota-reached");
    expect(problem).toMatchObject({ limit: "models", max: 2, used: 2 });
    await expectProblem(await name(tenant, "a"), 409, "model-exists");
    await tenant.call("DELETE", "/v1/models/a");
    expect((await name(tenant, "c")).status).toBe(201);
  });

  test("is not exceeded by many at once", async () => {
    const tenant = await newTenant({ limits: { models: 5 } });
    const attempts = Array.from({ length: 20 }, async (_, index) => {
      const response = await callToTheEnd(tenant, "POST", "/v1/models", { json: { name: `m${index}` } });
      return response.status;
    });
    const statuses = await Promise.all(attempts);
    expect(statuses.filter((status) => status === 201)).toHaveLength(5);
    expect(statuses.filter((status) => status === 403)).toHaveLength(15);
    expect(await storedRows(tenant)).toMatchObject({ models: 5 });
  });

  test("is each tenant's own, and grows when the operator says so", async () => {
    const [tenant, other] = [await newTenant({ limits: { models: 1 } }), await newTenant({ limits: { models: 1 } })];
    for (const each of [tenant, other]) expect((await name(each, "a")).status).toBe(201);
    await expectProblem(await name(tenant, "b"), 403, "quota-reached");
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { limits: { models: 2 } } });
    expect((await name(tenant, "b")).status).toBe(201);
    await expectProblem(await name(other, "b"), 403, "quota-reached");
  });
});

describe("the versions of a model", () => {
  test("have a limit of their own in each model, and of a refused one nothing is kept", async () => {
    const tenant = await newTenant({ limits: { versions_per_model: 1 } });
    for (const model of ["a", "b"]) expect((await deploy(tenant, model)).status).toBe(201);
    const problem = await expectProblem(await upload(tenant, "a", addModel(2)), 403, "quota-reached");
    expect(problem).toMatchObject({ limit: "versions_per_model", max: 1, used: 1 });
    expect(await storedObjects(tenant)).toHaveLength(2);
    expect(await storedRows(tenant)).toMatchObject({ versions: 2 });
  });

  test("are refused before their bytes are read: even what is no model", async () => {
    const tenant = await newTenant({ limits: { versions_per_model: 1 } });
    await deploy(tenant, "a");
    await expectProblem(await upload(tenant, "a", "not an ONNX file"), 403, "quota-reached");
  });

  test("uploaded at once take the last place once: the others are refused and leave no file", async () => {
    const tenant = await newTenant({ limits: { versions_per_model: 2 } });
    await deploy(tenant, "a");
    const uploads = [2, 3, 4].map(
      async (n) => await callToTheEnd(tenant, "POST", "/v1/models/a/versions", { body: addModel(n), headers: OCTETS }),
    );
    const statuses = (await Promise.all(uploads)).map(({ status }) => status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 403, 403]);
    expect(await storedObjects(tenant)).toHaveLength(2);
    // No number is lost on the refused ones.
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { limits: { versions_per_model: 3 } } });
    expect(await (await upload(tenant, "a", addModel(5))).json()).toMatchObject({ version: 3 });
  });
});

describe("the stored bytes", () => {
  test("of all models together have a limit, which is used to the last byte", async () => {
    const { byteLength } = addModel(1);
    const tenant = await newTenant({ limits: { stored_bytes: 2 * byteLength } });
    expect((await deploy(tenant, "a", addModel(1))).status).toBe(201);
    expect((await deploy(tenant, "b", addModel(2))).status).toBe(201);
    const problem = await expectProblem(await upload(tenant, "b", addModel(3)), 403, "quota-reached");
    expect(problem).toMatchObject({ limit: "stored_bytes", max: 2 * byteLength, used: 2 * byteLength });
    await tenant.call("DELETE", "/v1/models/a");
    expect((await upload(tenant, "b", addModel(3))).status).toBe(201);
  });

  test("are not exceeded by uploads at once", async () => {
    const { byteLength } = addModel(1);
    const tenant = await newTenant({ limits: { stored_bytes: 2 * byteLength - 1 } });
    await tenant.call("POST", "/v1/models", { json: { name: "a" } });
    const uploads = [1, 2].map(
      async (n) => await callToTheEnd(tenant, "POST", "/v1/models/a/versions", { body: addModel(n), headers: OCTETS }),
    );
    const statuses = (await Promise.all(uploads)).map(({ status }) => status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 403]);
    expect(await storedObjects(tenant)).toHaveLength(1);
  });
});
