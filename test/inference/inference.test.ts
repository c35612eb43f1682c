import { describe, expect, test } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
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

  test("an answer has these headers and none of the engine's own", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const response = await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest });
    expect([...response.headers.keys()].toSorted()).toEqual([
      "cache-control",
      "content-length",
      "content-security-policy",
      "content-type",
      "cross-origin-opener-policy",
      "cross-origin-resource-policy",
      "permissions-policy",
      "ratelimit",
      "ratelimit-policy",
      "referrer-policy",
      "strict-transport-security",
      "tensorgate-entry",
      "tensorgate-receipt",
      "x-content-type-options",
      "x-request-id",
    ]);
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(response.headers.get("Content-Length")).toBe(String((await response.arrayBuffer()).byteLength));
  });

  test("a version is run by its number or an alias, and without either production is", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    await upload(tenant, "m", addModel(20));
    await tenant.call("PUT", "/v1/models/m/aliases/canary", { json: { version: 2 } });
    const ran: Record<string, unknown> = {};
    for (const path of ["m", "m/versions/1", "m/versions/2", "m/versions/production", "m/versions/canary"]) {
      const response = await tenant.call("POST", `/v2/models/${path}/infer`, { json: addOneRequest });
      const answer: { model_version: string; outputs: { data: number[] }[] } = await response.json();
      ran[path] = [answer.model_version, answer.outputs[0]?.data];
    }
    // Version 1 adds 10 to [1, 2], version 2 adds 20.
    expect(ran).toEqual({
      m: ["1", [11, 12]],
      "m/versions/1": ["1", [11, 12]],
      "m/versions/2": ["2", [21, 22]],
      "m/versions/production": ["1", [11, 12]],
      "m/versions/canary": ["2", [21, 22]],
    });
  });

  test("a model or version that the tenant does not have is 404 and named", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const ask = async (path: string): Promise<Response> =>
      await tenant.call("POST", `/v2/models/${path}/infer`, { json: addOneRequest });
    expect(await expectProblem(await ask("none"), 404, "model-not-found")).toMatchObject({ model: "none" });
    for (const version of ["2", "0", "canary", "__proto__", "constructor"]) {
      const problem = await expectProblem(await ask(`m/versions/${version}`), 404, "version-not-found");
      expect(problem).toMatchObject({ model: "m", version });
    }
  });

  test("models of the same name of two tenants do not mix, also when they are asked at the same time", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    await deploy(tenant, "m", addModel(10));
    await deploy(other, "m", addModel(20));
    const ask = async (asking: typeof tenant): Promise<unknown> => {
      const response = await callToTheEnd(asking, "POST", "/v2/models/m/infer", { json: addOneRequest });
      const answer: { outputs: { data: number[] }[] } = await response.json();
      return answer.outputs[0]?.data;
    };
    const turns = Array.from({ length: 10 }, (_, turn) => (turn % 2 === 0 ? tenant : other));
    const answers = await Promise.all(turns.map(ask));
    expect(answers).toEqual(turns.map((asking) => (asking === tenant ? [11, 12] : [21, 22])));
  });

  test("twenty first requests at once are all answered, each with its own id and tensor", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const ask = async (_: unknown, place: number): Promise<unknown> => {
      const json = { id: `r${place}`, inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", data: [place, -place] }] };
      return await (await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json })).json();
    };
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    for (const [place, answer] of answers.entries()) {
      expect(answer).toMatchObject({ id: `r${place}`, outputs: [{ data: [place + 1, -place + 1] }] });
    }
    const usage: { total: object } = await (await tenant.call("GET", "/v1/usage")).json();
    expect(usage.total).toMatchObject({ inferences: 20 });
  });
});
