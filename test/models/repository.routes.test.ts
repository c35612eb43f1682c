import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type CallOptions, type TestTenant, newTenant } from "../support/tenant.ts";

/** Ask as Triton's Python client does: without a media type. */
async function repository(tenant: TestTenant, path: string, body?: unknown): Promise<Response> {
  const options: CallOptions = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) };
  return await tenant.call("POST", `/v2/repository/${path}`, options);
}

async function infer(tenant: TestTenant, path = "m"): Promise<Response> {
  return await tenant.call("POST", `/v2/models/${path}/infer`, { json: addOneRequest });
}

describe("the repository's index", () => {
  test("lists every version of every model, with its state and why it is not ready, and no other tenant's", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    await deploy(other, "theirs");
    await deploy(tenant, "b", addModel(1));
    await upload(tenant, "b", addModel(2));
    await tenant.call("POST", "/v1/models/b/versions/2/retire");
    await deploy(tenant, "c", addModel(1));
    await repository(tenant, "models/c/unload");
    await tenant.call("POST", "/v1/models", { json: { name: "a" } });
    const response = await repository(tenant, "index");
    expect(response.status).toBe(200);
    const b = { name: "b", version: "1", state: "READY", reason: "" };
    expect(await response.json()).toEqual([
      { name: "a", version: "", state: "UNAVAILABLE", reason: "no version was uploaded" },
      b,
      { name: "b", version: "2", state: "UNAVAILABLE", reason: "retired" },
      { name: "c", version: "1", state: "UNAVAILABLE", reason: "unloaded" },
    ]);
    expect(await (await repository(tenant, "index", { ready: true })).json()).toEqual([b]);
  });

  test("of a tenant without models is empty", async () => {
    expect(await (await repository(await newTenant(), "index", {})).json()).toEqual([]);
  });

  test.each([{ ready: "yes" }, { repository: "x" }, [], "ready", 7, null])(
    "refuses %j and says what is wrong, in the protocol's terms too",
    async (body) => {
      const problem = await expectProblem(await repository(await newTenant(), "index", body), 400, "invalid-request");
      expect(problem["error"]).toBe(problem.detail);
    },
  );

  test("refuses what is no JSON, and more than 64 KiB", async () => {
    const tenant = await newTenant();
    const index = async (body: string) =>
      await tenant.call("POST", "/v2/repository/index", { body: new TextEncoder().encode(body) });
    await expectProblem(await index('{"ready":'), 400, "malformed-json");
    await expectProblem(await index(JSON.stringify({ ready: "x".repeat(65_536) })), 413, "body-too-large");
  });
});

describe("unloading a model", () => {
  test("refuses its inferences and its readiness from the very next request on, and keeps it", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await deploy(tenant, "other");
    expect((await infer(tenant)).status).toBe(200);
    const response = await repository(tenant, "models/m/unload", { parameters: { unload_dependents: false } });
    expect(`${response.status} ${await response.text()}`).toBe("200 ");
    for (const refused of [
      await infer(tenant),
      await infer(tenant, "m/versions/1"),
      await tenant.call("GET", "/v2/models/m/ready"),
      await tenant.call("GET", "/v2/models/m/versions/1/ready"),
      await tenant.call("GET", "/v2/models/m"),
    ]) {
      const problem = await expectProblem(refused, 404, "model-unloaded");
      expect(problem["error"]).toBe(problem.detail);
    }
    expect((await infer(tenant, "other")).status).toBe(200);
    expect(await (await tenant.call("GET", "/v1/models/m")).json()).toMatchObject({
      loaded: false,
      versions: [{ version: 1 }],
    });
  });

  test("holds after an eviction of the cell, until the model is loaded", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    for (const _ of [1, 2]) expect((await repository(tenant, "models/m/unload")).status).toBe(200);
    await evictDurableObject(cellOf(tenant));
    await expectProblem(await infer(tenant), 404, "model-unloaded");
    for (const _ of [1, 2]) expect((await repository(tenant, "models/m/load", {})).status).toBe(200);
    expect((await infer(tenant)).status).toBe(200);
    expect((await tenant.call("GET", "/v2/models/m/ready")).status).toBe(200);
  });

  test.each(["load", "unload"])("and a model that the tenant does not have: to %s it is 404", async (how) => {
    await expectProblem(await repository(await newTenant(), `models/m/${how}`), 404, "model-not-found");
  });

  test("needs the scope models:write", async () => {
    const reader = await newTenant({ scopes: ["models:infer", "models:read"] });
    await expectProblem(await repository(reader, "models/m/unload"), 403, "insufficient-scope");
    expect((await repository(reader, "index")).status).toBe(200);
  });
});

describe("loading a model", () => {
  test.each([
    { parameters: { config: "{}" } },
    { parameters: { "file:1/model.onnx": "AAAA" } },
    { parameters: { anything: 1 } },
  ])("with %j is refused and says what to do instead", async (body) => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await repository(tenant, "models/m/unload");
    const problem = await expectProblem(await repository(tenant, "models/m/load", body), 400, "invalid-request");
    expect(problem.detail).toContain("upload a version instead");
    await expectProblem(await infer(tenant), 404, "model-unloaded");
  });
});
