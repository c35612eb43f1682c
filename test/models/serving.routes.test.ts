import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type Served = { outputs: { data: number[] }[]; model_version: string };

/** A tenant with a model "m" whose version n answers 1 + n · 10. */
async function tenantWithVersions(count: number): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m", addModel(10));
  for (let number = 2; number <= count; number++) await upload(tenant, "m", addModel(number * 10));
  return tenant;
}

/** The number of the version that answers; what it computes must be what this version computes. */
async function servedBy(tenant: TestTenant, headers: Record<string, string> = {}, path = "m"): Promise<number> {
  const response = await callToTheEnd(tenant, "POST", `/v2/models/${path}/infer`, { json: addOneRequest, headers });
  expect(response.status, await response.clone().text()).toBe(200);
  const body: Served = await response.json();
  const version = Number(body.model_version);
  expect(body.outputs[0]?.data[0]).toBe(1 + version * 10);
  return version;
}

async function putTraffic(tenant: TestTenant, weights: object): Promise<Response> {
  return await tenant.call("PUT", "/v1/models/m/traffic", { json: { weights } });
}

async function promote(tenant: TestTenant, version: number): Promise<Response> {
  return await tenant.call("POST", "/v1/models/m/promote", { json: { version } });
}

const rollBack = async (tenant: TestTenant): Promise<Response> => await tenant.call("POST", "/v1/models/m/rollback");

async function serving(tenant: TestTenant): Promise<unknown> {
  return await (await tenant.call("GET", "/v1/models/m/traffic")).json();
}

describe("traffic", () => {
  test("spreads callers by their routing key from the very next request on, and each stays where it is", async () => {
    const tenant = await tenantWithVersions(2);
    const response = await putTraffic(tenant, { "1": 50, "2": 50 });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ model: "m", production: 1, weights: { "1": 50, "2": 50 } });
    const callers = Array.from({ length: 16 }, (_, index) => ({ "X-Routing-Key": `caller-${index}` }));
    const picks: number[] = [];
    for (const headers of callers) picks.push(await servedBy(tenant, headers));
    expect(new Set(picks)).toEqual(new Set([1, 2])); // all alike once in 2^15 models
    for (const [index, headers] of callers.entries()) expect(await servedBy(tenant, headers)).toBe(picks[index]);
    expect(await servedBy(tenant, callers[0], "m/versions/production")).toBe(picks[0]);
    expect(await servedBy(tenant)).toBe(await servedBy(tenant));
  });

  test("of one version serves everybody, and who names a version gets that one", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "1": 0, "2": 100 });
    expect(await serving(tenant)).toEqual({ model: "m", production: 1, weights: { "2": 100 } });
    expect(await servedBy(tenant)).toBe(2);
    expect(await servedBy(tenant, {}, "m/versions/1")).toBe(1);
  });

  test("that is deleted leaves the alias production alone", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "2": 100 });
    for (const _ of [1, 2]) expect((await tenant.call("DELETE", "/v1/models/m/traffic")).status).toBe(204);
    expect(await serving(tenant)).toEqual({ model: "m", production: 1, weights: null });
    expect(await servedBy(tenant)).toBe(1);
  });

  test("is shown with its model", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "1": 90, "2": 10 });
    expect(await (await tenant.call("GET", "/v1/models/m")).json()).toMatchObject({ traffic: { "1": 90, "2": 10 } });
  });

  test.each([
    [{ "1": 99 }, "sum to 100"],
    [{ "1": 50.5, "2": 49.5 }, "whole number"],
    [{}, "sum to 100"],
    [{ "1": "100" }, "number"],
    [{ production: 100 }, "version's number"],
    [{ "01": 100 }, "version's number"],
  ])("of %j is refused and says what is wrong", async (weights, reason) => {
    const tenant = await tenantWithVersions(1);
    const problem = await expectProblem(await putTraffic(tenant, weights), 400, "invalid-request");
    expect(problem.detail).toMatch(/^weights/);
    expect(problem.detail).toContain(reason);
  });

  test("to a version that the model does not have is 404, and nothing changes", async () => {
    const tenant = await tenantWithVersions(1);
    const problem = await expectProblem(await putTraffic(tenant, { "1": 90, "2": 10 }), 404, "version-not-found");
    expect(problem.detail).toContain("no version 2");
    expect(await serving(tenant)).toEqual({ model: "m", production: 1, weights: null });
  });

  test("needs the alias production, and ends when it is deleted", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "2": 100 });
    expect((await tenant.call("DELETE", "/v1/models/m/aliases/production")).status).toBe(204);
    expect(await serving(tenant)).toEqual({ model: "m", production: null, weights: null });
    await expectProblem(await putTraffic(tenant, { "1": 100 }), 404, "alias-not-found");
    await expectProblem(await tenant.call("DELETE", "/v1/models/m/traffic"), 404, "alias-not-found");
    expect(await (await rollBack(tenant)).json()).toEqual({ model: "m", production: 1, weights: { "2": 100 } });
  });

  test("keeps its versions from being deleted, and says so with the weight", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "1": 90, "2": 10 });
    const response = await tenant.call("DELETE", "/v1/models/m/versions/2");
    expect(await expectProblem(response, 409, "version-in-use")).toMatchObject({ aliases: [], weight: 10 });
    await tenant.call("DELETE", "/v1/models/m/traffic");
    expect((await tenant.call("DELETE", "/v1/models/m/versions/2")).status).toBe(204);
  });

  test.each(["", " ", "a b", "x".repeat(257)])("refuses the routing key %j before anything is charged", async (key) => {
    const headers = { "X-Routing-Key": key };
    const tenant = await newTenant();
    const response = await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest, headers });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem.detail).toContain("X-Routing-Key");
  });

  test("does not move a repeated request: it runs on the version that it was charged on", async () => {
    const tenant = await tenantWithVersions(2);
    const headers = { "Idempotency-Key": '"once"' };
    expect(await servedBy(tenant, headers)).toBe(1);
    await putTraffic(tenant, { "2": 100 });
    expect(await servedBy(tenant, headers)).toBe(1);
    expect(await servedBy(tenant)).toBe(2);
  });
});

describe("promoting", () => {
  test("makes a version production for everybody and ends a spread", async () => {
    const tenant = await tenantWithVersions(3);
    await putTraffic(tenant, { "1": 50, "2": 50 });
    expect(await (await promote(tenant, 3)).json()).toEqual({ model: "m", production: 3, weights: null });
    expect(await servedBy(tenant)).toBe(3);
  });

  test("is what pointing the alias production does", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "1": 50, "2": 50 });
    await tenant.call("PUT", "/v1/models/m/aliases/production", { json: { version: 2 } });
    expect(await serving(tenant)).toEqual({ model: "m", production: 2, weights: null });
    expect(await (await rollBack(tenant)).json()).toMatchObject({ production: 1, weights: { "1": 50, "2": 50 } });
  });

  test("a version that the model does not have is 404", async () => {
    await expectProblem(await promote(await tenantWithVersions(1), 2), 404, "version-not-found");
  });
});

describe("rolling back", () => {
  test("restores version and traffic, serves them at once, and a second time undoes the first", async () => {
    const tenant = await tenantWithVersions(2);
    await putTraffic(tenant, { "2": 100 });
    await promote(tenant, 1);
    expect(await servedBy(tenant)).toBe(1);
    expect(await (await rollBack(tenant)).json()).toEqual({ model: "m", production: 1, weights: { "2": 100 } });
    expect(await servedBy(tenant)).toBe(2);
    expect(await (await rollBack(tenant)).json()).toEqual({ model: "m", production: 1, weights: null });
    expect(await servedBy(tenant)).toBe(1);
  });

  test("is 409 where nothing served before", async () => {
    const problem = await expectProblem(await rollBack(await tenantWithVersions(1)), 409, "nothing-to-roll-back");
    expect(problem.detail).toContain("Nothing served before");
  });

  test("to a version that was deleted is 409, names it, and changes nothing", async () => {
    const tenant = await tenantWithVersions(2);
    await promote(tenant, 2);
    await tenant.call("DELETE", "/v1/models/m/versions/1");
    const problem = await expectProblem(await rollBack(tenant), 409, "nothing-to-roll-back");
    expect(problem).toMatchObject({ version: 1, detail: expect.stringContaining("deleted") });
    expect(await servedBy(tenant)).toBe(2);
  });
});

describe("changes at the same time", () => {
  test("each builds on the one before: of two promotions the one that won leads back to the other", async () => {
    const tenant = await tenantWithVersions(3);
    const changes = [2, 3].map(
      async (version) => await callToTheEnd(tenant, "POST", "/v1/models/m/promote", { json: { version } }),
    );
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual([200, 200]);
    const now = (await serving(tenant)) as { production: number };
    const before = (await (await rollBack(tenant)).json()) as { production: number };
    expect(new Set([now.production, before.production])).toEqual(new Set([2, 3]));
  });

  test("of an even number of rollbacks leave what was there", async () => {
    const tenant = await tenantWithVersions(2);
    await promote(tenant, 2);
    const rollbacks = Array.from(
      { length: 8 },
      async () => await callToTheEnd(tenant, "POST", "/v1/models/m/rollback"),
    );
    expect((await Promise.all(rollbacks)).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await serving(tenant)).toEqual({ model: "m", production: 2, weights: null });
  });

  test("lose no request: while traffic, promotions and rollbacks come, all are answered, by the versions concerned", async () => {
    const tenant = await tenantWithVersions(3);
    const post = async (path: string, json?: object) =>
      await callToTheEnd(tenant, "POST", `/v1/models/m/${path}`, { json });
    const weights = { "1": 50, "2": 50 };
    const changes = [
      async () => await callToTheEnd(tenant, "PUT", "/v1/models/m/traffic", { json: { weights } }),
      async () => await post("promote", { version: 2 }),
      async () => await post("rollback"),
      async () => await post("promote", { version: 1 }),
    ];
    await changes[0]?.();
    const changing = new AbortController();
    const versions = new Set<number>();
    const callers = Array.from({ length: 8 }, async (_, index) => {
      while (!changing.signal.aborted) versions.add(await servedBy(tenant, { "X-Routing-Key": `caller-${index}` }));
    });
    for (let round = 0; round < 12; round++) {
      const changed = await Promise.all(changes.map(async (change) => await change()));
      expect(changed.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    }
    changing.abort();
    await Promise.all(callers);
    expect(versions).toEqual(new Set([1, 2]));
  });

  test("are told to the cell even when the call before ended half-way", async () => {
    const tenant = await tenantWithVersions(2);
    await promote(tenant, 2);
    // As if the cell had not been told: its document and its memory are those of before.
    await runInDurableObject(cellOf(tenant), (_cell, state) => {
      state.storage.sql.exec(
        `UPDATE hot_state SET body = json_set(body, '$.aliases.production', 1) WHERE kind = 'model'`,
      );
    });
    await evictDurableObject(cellOf(tenant));
    expect(await servedBy(tenant)).toBe(1);
    await promote(tenant, 2);
    expect(await servedBy(tenant)).toBe(2);
  });
});
