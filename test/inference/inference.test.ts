import { describe, expect, test } from "vitest";
import { addOneRequest, deploy } from "../support/models.ts";
import { newTenant } from "../support/tenant.ts";

describe("inference", () => {
  test("a tenant's model answers with its outputs, its version and the caller's id", async () => {
    const tenant = await newTenant();
    expect((await deploy(tenant, "add-one")).status).toBe(201);
    const response = await tenant.call("POST", "/v2/models/add-one/infer", { json: { id: "r1", ...addOneRequest } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      model_name: "add-one",
      model_version: "1",
      id: "r1",
      outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [2, 3] }],
    });
  });
});
