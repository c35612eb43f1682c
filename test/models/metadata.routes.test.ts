import { describe, expect, test } from "vitest";
import { addModel, deploy, identityModel, sumAndDifferenceModel, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

describe("a model's metadata", () => {
  test("is what the protocol asks for: name, versions, platform, inputs and outputs with -1 for any size", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(1));
    await upload(tenant, "m", sumAndDifferenceModel());
    const response = await tenant.call("GET", "/v2/models/m");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      name: "m",
      versions: ["1", "2"],
      platform: "onnx_onnxv1",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
    });
  });

  test("is of the version or alias that the path names", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(1));
    await upload(tenant, "m", identityModel("INT64", ["rows", 3]));
    await tenant.call("PUT", "/v1/models/m/aliases/canary", { json: { version: 2 } });
    for (const version of ["2", "canary"]) {
      expect(await (await tenant.call("GET", `/v2/models/m/versions/${version}`)).json()).toMatchObject({
        inputs: [{ name: "x", datatype: "INT64", shape: [-1, 3] }],
      });
    }
    expect(await (await tenant.call("GET", "/v2/models/m/versions/production")).json()).toMatchObject({
      inputs: [{ datatype: "FP32" }],
    });
  });
});

describe("a model that is served", () => {
  test("is ready, and so are its versions and aliases", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    for (const path of ["m/ready", "m/versions/1/ready", "m/versions/production/ready"]) {
      const response = await tenant.call("GET", `/v2/models/${path}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ name: "m", ready: true });
    }
  });
});

describe("metadata and readiness", () => {
  test.each([
    "m",
    "m/ready",
    "other",
    "other/ready",
    "m/versions/2",
    "m/versions/2/ready",
    "m/versions/canary",
    "m/config",
  ])("of %s, which is not served, are 404 and name what was asked for", async (path) => {
    const [model = ""] = path.split("/");
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await tenant.call("DELETE", "/v1/models/m/aliases/production");
    const problem = await expectProblem(await tenant.call("GET", `/v2/models/${path}`), 404, "version-not-found");
    expect(problem.detail).toContain(`"${model}"`);
    expect(problem["error"]).toBe(problem.detail);
  });
});

describe("a model's configuration", () => {
  test("is what Triton would show, with what runs it among the parameters", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(1));
    await upload(tenant, "m", sumAndDifferenceModel());
    await upload(tenant, "m", addModel(3));
    await tenant.call("POST", "/v1/models/m/versions/3/retire");
    const response = await tenant.call("GET", "/v2/models/m/config");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      name: "m",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      version_policy: { specific: { versions: [1, 2] } },
      max_batch_size: 0,
      input: [{ name: "x", data_type: "TYPE_FP32", dims: [-1, 2], format: "FORMAT_NONE", optional: false }],
      output: [{ name: "y", data_type: "TYPE_FP32", dims: [-1, 2] }],
      instance_group: [{ name: "m", kind: "KIND_CPU", count: 1 }],
      default_model_filename: "model.onnx",
      parameters: { runtime: { string_value: "isolate" }, placement: { string_value: expect.any(String) } },
    });
    expect(await (await tenant.call("GET", "/v2/models/m/versions/2/config")).json()).toMatchObject({
      input: [{ name: "a" }, { name: "b" }],
      output: [{ name: "sum" }, { name: "difference" }],
    });
  });

  test("calls strings TYPE_STRING, and every other datatype by its own name", async () => {
    const tenant = await newTenant();
    const named = [];
    for (const datatype of ["BYTES", "BOOL", "FP16", "UINT64"] as const) {
      await deploy(tenant, datatype.toLowerCase(), identityModel(datatype));
      const response = await tenant.call("GET", `/v2/models/${datatype.toLowerCase()}/config`);
      const config: { input: { data_type: string }[] } = await response.json();
      named.push(config.input[0]?.data_type);
    }
    expect(named).toEqual(["TYPE_STRING", "TYPE_BOOL", "TYPE_FP16", "TYPE_UINT64"]);
  });
});

describe("a retired version", () => {
  test("has neither metadata nor configuration nor readiness, and is left out of the model's versions", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(1));
    await upload(tenant, "m", addModel(2));
    await tenant.call("POST", "/v1/models/m/versions/2/retire");
    for (const path of ["", "/config", "/ready"]) {
      const response = await tenant.call("GET", `/v2/models/m/versions/2${path}`);
      await expectProblem(response, 410, "version-retired");
    }
    expect(await (await tenant.call("GET", "/v2/models/m")).json()).toMatchObject({ versions: ["1"] });
  });
});
