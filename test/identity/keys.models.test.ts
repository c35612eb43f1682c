import { describe, expect, test } from "vitest";
import { bearer, makeKey } from "../support/keys.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { allRoutes, fillPath } from "../support/routes.ts";
import { type CallOptions, type TestTenant, call, newTenant } from "../support/tenant.ts";

const ALL_OF_MODELS = ["models:read", "models:write", "models:infer"];

/** A tenant with the models "mine" and "other", and what a key of "mine" alone is answered. */
async function tenantWithNarrowKey() {
  const tenant = await newTenant();
  for (const name of ["mine", "other"]) await deploy(tenant, name);
  const { key } = await makeKey(tenant.key, { scopes: [...ALL_OF_MODELS, "keys:write"], models: ["mine", "unmade"] });
  const ask = async (method: string, path: string, options: CallOptions = {}): Promise<Response> => {
    return await call(method, path, { ...options, ...bearer(key) });
  };
  return { tenant, ask };
}

async function modelsOf(tenant: TestTenant): Promise<unknown> {
  return await (await tenant.call("GET", "/v1/models/other")).json();
}

describe("a key with a list of models", () => {
  test("runs, describes and changes these", async () => {
    const { ask } = await tenantWithNarrowKey();
    expect((await ask("POST", "/v2/models/mine/infer", { json: addOneRequest })).status).toBe(200);
    expect((await ask("GET", "/v2/models/mine")).status).toBe(200);
    expect((await ask("POST", "/v2/repository/models/mine/unload")).status).toBe(200);
    expect((await ask("DELETE", "/v1/models/mine")).status).toBe(204);
  });

  test.each(
    allRoutes()
      .filter(({ path }) => path.includes(":model"))
      .map(({ method, path }) => [`${method} ${path}`, method, path] as const),
  )("is told on %s that no other model exists, and changes nothing of it", async (_name, method, path) => {
    const { tenant, ask } = await tenantWithNarrowKey();
    const before = await modelsOf(tenant);
    const options = path.endsWith("/infer") ? { json: addOneRequest } : {};
    for (const model of ["other", "none"]) {
      const answer = await ask(method, fillPath(path, { model, version: "1", alias: "production" }), options);
      const { detail } = await expectProblem(answer, 404, "model-not-found");
      expect(detail).toBe(`There is no model "${model}".`);
    }
    expect(await modelsOf(tenant)).toEqual(before);
  });

  test("finds these alone in lists, in pages too", async () => {
    const { ask } = await tenantWithNarrowKey();
    const { data, next }: { data: { name: string }[]; next: null } = await (
      await ask("GET", "/v1/models?limit=1")
    ).json();
    expect([data.map(({ name }) => name), next]).toEqual([["mine"], null]);
    const stats: { model_stats: { name: string }[] } = await (await ask("GET", "/v2/models/stats")).json();
    expect(stats.model_stats.map(({ name }) => name)).toEqual(["mine"]);
    const index: { name: string }[] = await (await ask("POST", "/v2/repository/index", { json: {} })).json();
    expect(index.map(({ name }) => name)).toEqual(["mine"]);
  });

  test("makes models of its list alone, and keys for these alone", async () => {
    const { ask } = await tenantWithNarrowKey();
    expect((await ask("POST", "/v1/models", { json: { name: "unmade" } })).status).toBe(201);
    const refused = await expectProblem(
      await ask("POST", "/v1/models", { json: { name: "third" } }),
      403,
      "model-not-allowed",
    );
    expect(refused["models"]).toEqual(["mine", "unmade"]);
    const wish = { name: "k", scopes: ["models:read"] };
    for (const models of [null, ["other"], ["mine", "other"]]) {
      await expectProblem(await ask("POST", "/v1/keys", { json: { ...wish, models } }), 403, "model-not-allowed");
    }
    expect((await ask("POST", "/v1/keys", { json: { ...wish, models: ["mine"] } })).status).toBe(201);
  });
});
