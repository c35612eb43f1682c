import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects } from "../support/registry.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type Version = { version: number; state: string; in_flight: number; retired_at: string | null };

/** A tenant whose model "m" has two versions, of which the first is production. */
async function tenantWithTwo(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m", addModel(10));
  await upload(tenant, "m", addModel(20));
  return tenant;
}

async function move(tenant: TestTenant, how: "retire" | "reinstate", version: number | string = 2): Promise<Response> {
  return await tenant.call("POST", `/v1/models/m/versions/${version}/${how}`);
}

async function infer(tenant: TestTenant, version: number): Promise<Response> {
  return await callToTheEnd(tenant, "POST", `/v2/models/m/versions/${version}/infer`, { json: addOneRequest });
}

async function read(tenant: TestTenant): Promise<Version[]> {
  const model: { versions: Version[] } = await (await tenant.call("GET", "/v1/models/m")).json();
  return model.versions;
}

describe("retiring a version", () => {
  test("refuses it from the very next request on, keeps its files, and leaves the others alone", async () => {
    const tenant = await tenantWithTwo();
    expect((await infer(tenant, 2)).status).toBe(200);
    const response = await move(tenant, "retire");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      version: 2,
      state: "retired",
      in_flight: 0,
      retired_at: expect.stringMatching(/Z$/),
    });
    const problem = await expectProblem(await infer(tenant, 2), 410, "version-retired");
    expect(problem).toMatchObject({ model: "m", version: "2", error: problem.detail });
    expect((await infer(tenant, 1)).status).toBe(200);
    expect(await storedObjects(tenant)).toHaveLength(2);
    expect(await read(tenant)).toMatchObject([{ state: "serving", retired_at: null }, { state: "retired" }]);
  });

  test("leaves it draining while inferences run that were admitted before, and tells how many", async () => {
    const tenant = await tenantWithTwo();
    const cell = cellOf(tenant);
    const ask = () => ({ ...inferRequest(tenant, "m"), version: "2" });
    const entries = (await cell.admit([ask(), ask()])).map((answer) => requireAdmitted(answer).entryId);
    expect(await (await move(tenant, "retire")).json()).toMatchObject({ state: "draining", in_flight: 2 });
    await cell.settle(entries.slice(0, 1).map((entry) => settlementOf(entry)));
    expect(await read(tenant)).toMatchObject([{ in_flight: 0 }, { state: "draining", in_flight: 1 }]);
    await evictDurableObject(cell);
    await cell.settle(entries.map((entry) => settlementOf(entry)));
    expect(await read(tenant)).toMatchObject([{}, { state: "retired", in_flight: 0 }]);
  });

  test("does not count for ever what was never settled: a run takes no longer than its lease", async () => {
    const tenant = await tenantWithTwo();
    await withStoppedClock("2030-01-01T00:00:00Z", async ({ advanceMs }) => {
      await cellOf(tenant).admit([{ ...inferRequest(tenant, "m"), version: "2" }]);
      advanceMs(59_999); // 10,000 of running and 50,000 of settling, less 1
      expect(await read(tenant)).toMatchObject([{}, { in_flight: 1 }]);
      advanceMs(1);
      expect(await read(tenant)).toMatchObject([{}, { in_flight: 0 }]);
    });
  });

  test("lets every request end that it meets under way: each is answered or refused, none fails", async () => {
    const tenant = await tenantWithTwo();
    const requests = Array.from({ length: 24 }, async () => await infer(tenant, 2));
    const retired = await callToTheEnd(tenant, "POST", "/v1/models/m/versions/2/retire");
    expect(retired.status).toBe(200);
    expect((await infer(tenant, 2)).status).toBe(410);
    for (const response of await Promise.all(requests)) expect([200, 410]).toContain(response.status);
  });

  test("twice keeps the time of the first", async () => {
    const tenant = await tenantWithTwo();
    await withStoppedClock("2030-01-01T00:00:00Z", async ({ advanceMs }) => {
      await move(tenant, "retire");
      advanceMs(1_000);
      const again: Version = await (await move(tenant, "retire")).json();
      expect(again.retired_at).toBe("2030-01-01T00:00:00.000Z");
    });
  });

  test("holds after an eviction of the cell", async () => {
    const tenant = await tenantWithTwo();
    await move(tenant, "retire");
    await evictDurableObject(cellOf(tenant));
    expect((await infer(tenant, 2)).status).toBe(410);
  });

  test("is 409 while an alias points at it or traffic goes to it, and says which", async () => {
    const tenant = await tenantWithTwo();
    const aliased = await expectProblem(await move(tenant, "retire", 1), 409, "version-in-use");
    expect(aliased).toMatchObject({ aliases: ["production"] });
    expect(aliased).not.toHaveProperty("weight");
    await tenant.call("PUT", "/v1/models/m/traffic", { json: { weights: { "1": 99, "2": 1 } } });
    const weighed = await expectProblem(await move(tenant, "retire"), 409, "version-in-use");
    expect(weighed).toMatchObject({ aliases: [], weight: 1 });
    expect(await read(tenant)).toMatchObject([{ state: "serving" }, { state: "serving" }]);
  });

  test("and promoting it at the same time: one is done and the other refused", async () => {
    for (let round = 0; round < 4; round++) {
      const tenant = await tenantWithTwo();
      const [retired, promoted] = await Promise.all([
        callToTheEnd(tenant, "POST", "/v1/models/m/versions/2/retire"),
        callToTheEnd(tenant, "POST", "/v1/models/m/promote", { json: { version: 2 } }),
      ]);
      const statuses = `${retired.status} ${promoted.status}`;
      expect(["200 410", "409 200"]).toContain(statuses);
    }
  });

  test.each(["3", "0", "production", "x"])("named %s, which it is not, is 404", async (version) => {
    await expectProblem(await move(await tenantWithTwo(), "retire", version), 404, "version-not-found");
  });
});

describe("a retired version", () => {
  test("serves again once it is reinstated", async () => {
    const tenant = await tenantWithTwo();
    await move(tenant, "retire");
    for (const _ of [1, 2]) {
      expect(await (await move(tenant, "reinstate")).json()).toMatchObject({ state: "serving", retired_at: null });
    }
    expect((await infer(tenant, 2)).status).toBe(200);
  });

  test("can't become production, get an alias or traffic, or be rolled back to", async () => {
    const tenant = await tenantWithTwo();
    await tenant.call("POST", "/v1/models/m/promote", { json: { version: 2 } });
    await move(tenant, "retire", 1);
    const weights = { "1": 50, "2": 50 };
    for (const response of [
      await tenant.call("POST", "/v1/models/m/promote", { json: { version: 1 } }),
      await tenant.call("PUT", "/v1/models/m/aliases/canary", { json: { version: 1 } }),
      await tenant.call("PUT", "/v1/models/m/traffic", { json: { weights } }),
    ]) {
      await expectProblem(response, 410, "version-retired");
    }
    const problem = await expectProblem(
      await tenant.call("POST", "/v1/models/m/rollback"),
      409,
      "nothing-to-roll-back",
    );
    expect(problem).toMatchObject({ version: 1, detail: expect.stringContaining("retired") });
  });

  test("does not run a request that was charged on it and is repeated: its answer is given again", async () => {
    const tenant = await tenantWithTwo();
    const run = async (): Promise<{ model_version: string }> => {
      const headers = { "Idempotency-Key": '"once"' };
      return await (await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: addOneRequest, headers })).json();
    };
    expect((await run()).model_version).toBe("1");
    await tenant.call("POST", "/v1/models/m/promote", { json: { version: 2 } });
    expect((await run()).model_version).toBe("1");
    await move(tenant, "retire", 1);
    expect((await run()).model_version).toBe("1");
  });

  test("can be deleted", async () => {
    const tenant = await tenantWithTwo();
    await move(tenant, "retire");
    expect((await tenant.call("DELETE", "/v1/models/m/versions/2")).status).toBe(204);
    expect(await storedObjects(tenant)).toHaveLength(1);
  });
});
