import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type Figures = {
  inferences: number;
  rejected: number;
  failed: number;
  compute_ms: number;
  bytes_in: number;
  bytes_out: number;
  refusals: Record<string, number>;
};
type Usage = {
  from: string;
  to: string;
  granularity: string;
  data: (Figures & { start: string; model?: string })[];
  total: Figures;
};

const NOTHING = { inferences: 0, rejected: 0, failed: 0, compute_ms: 0, bytes_in: 0, bytes_out: 0, refusals: {} };
const HOUR_MS = 3_600_000;

async function tenantWith(...models: string[]): Promise<TestTenant> {
  const tenant = await newTenant();
  for (const model of models) await deploy(tenant, model);
  return tenant;
}

async function infer(tenant: TestTenant, model: string, json: unknown = addOneRequest): Promise<Response> {
  return await callToTheEnd(tenant, "POST", `/v2/models/${model}/infer`, { json });
}

async function readUsage(tenant: TestTenant, query: Record<string, string> = {}): Promise<Usage> {
  const response = await tenant.call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return await response.json();
}

const bytesOf = (json: unknown): number => JSON.stringify(json).length; // ASCII

describe("usage counts", () => {
  test("answers, and the very bytes that were sent and received", async () => {
    const tenant = await tenantWith("m");
    const requests = [addOneRequest, { id: "a longer request", ...addOneRequest }];
    let [bytesIn, bytesOut] = [0, 0];
    for (const json of requests) {
      const response = await infer(tenant, "m", json);
      bytesIn += bytesOf(json);
      bytesOut += (await response.arrayBuffer()).byteLength;
    }
    const { total } = await readUsage(tenant);
    expect(total).toMatchObject({ inferences: 2, rejected: 0, failed: 0, bytes_in: bytesIn, bytes_out: bytesOut });
    expect(total.refusals).toEqual({});
  });

  test("compute time in whole milliseconds, at least one for each answer", async () => {
    const tenant = await tenantWith("m");
    for (let i = 0; i < 3; i++) await infer(tenant, "m");
    const { total } = await readUsage(tenant);
    expect(Number.isInteger(total.compute_ms)).toBe(true);
    expect(total.compute_ms).toBeGreaterThanOrEqual(3); // the first alone starts an isolate
    expect(total.compute_ms).toBeLessThan(60_000);
  });

  test("what the engine refused as rejected, which is not charged and gave nothing out", async () => {
    const tenant = await tenantWith("m");
    const request = { inputs: [] };
    expect((await infer(tenant, "m", request)).status).toBe(400);
    const { total } = await readUsage(tenant);
    expect(total).toMatchObject({ inferences: 0, rejected: 1, failed: 0, bytes_in: bytesOf(request), bytes_out: 0 });
  });

  test("refusals at admission by their reason, as no inferences at all", async () => {
    const tenant = await newTenant({ limits: { burst: 1, rate_per_second: 1 } });
    await withStoppedClock("2026-11-20T12:00:00Z", async () => {
      await deploy(tenant, "m");
      const statuses = [];
      for (const model of ["m", "m", "m", "none", "m/versions/9"]) statuses.push((await infer(tenant, model)).status);
      expect(statuses).toEqual([200, 429, 429, 404, 404]);
      const { total } = await readUsage(tenant);
      expect(total).toMatchObject({ inferences: 1, rejected: 0 });
      expect(total.refusals).toEqual({ "quota-exceeded": 2, "model-not-found": 1, "version-not-found": 1 });
    });
  });

  test("nothing of what was refused for its credentials or its form", async () => {
    const tenant = await tenantWith("m");
    await tenant.call("POST", "/v2/models/m/infer", { body: "x", headers: { "Content-Type": "text/plain" } });
    await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest, headers: { Authorization: "" } });
    expect(await readUsage(tenant)).toMatchObject({ data: [], total: NOTHING });
  });

  test("each tenant's own", async () => {
    const [tenant, other] = [await tenantWith("m"), await tenantWith("m")];
    await infer(tenant, "m");
    expect((await readUsage(tenant)).total.inferences).toBe(1);
    expect((await readUsage(other)).total).toEqual(NOTHING);
  });

  test("what a deleted model has used", async () => {
    const tenant = await tenantWith("m");
    await infer(tenant, "m");
    await tenant.call("DELETE", "/v1/models/m");
    const { data } = await readUsage(tenant, { group_by: "model" });
    expect(data).toMatchObject([{ model: "m", inferences: 1 }]);
  });
});

describe("usage is summed", () => {
  test("by model where that is asked for, with refusals of unknown models under no name", async () => {
    const tenant = await tenantWith("a", "b");
    for (const model of ["a", "b", "b", "none"]) await infer(tenant, model);
    const { data, total } = await readUsage(tenant, { group_by: "model" });
    expect(data.map(({ model, inferences, refusals }) => [model, inferences, refusals])).toEqual([
      ["", 0, { "model-not-found": 1 }],
      ["a", 1, {}],
      ["b", 2, {}],
    ]);
    expect(total).toMatchObject({ inferences: 3, refusals: { "model-not-found": 1 } });
    expect((await readUsage(tenant)).data).toMatchObject([{ inferences: 3 }]);
    expect((await readUsage(tenant)).data[0]).not.toHaveProperty("model");
  });

  test("by minute, hour and day, in UTC, oldest first, without the intervals in which nothing was", async () => {
    await withStoppedClock("2026-11-19T23:58:30Z", async (clock) => {
      const tenant = await tenantWith("m");
      await infer(tenant, "m"); // 23:58:30
      clock.advanceMs(120_000);
      await infer(tenant, "m"); // 00:00:30 on the next day
      await infer(tenant, "m");
      const startsAndSums = async (granularity: string) =>
        (await readUsage(tenant, { granularity })).data.map(({ start, inferences }) => [start, inferences]);
      expect(await startsAndSums("minute")).toEqual([
        ["2026-11-19T23:58:00.000Z", 1],
        ["2026-11-20T00:00:00.000Z", 2],
      ]);
      expect(await startsAndSums("hour")).toEqual([
        ["2026-11-19T23:00:00.000Z", 1],
        ["2026-11-20T00:00:00.000Z", 2],
      ]);
      expect(await startsAndSums("day")).toEqual([
        ["2026-11-19T00:00:00.000Z", 1],
        ["2026-11-20T00:00:00.000Z", 2],
      ]);
    });
  });

  test("from its start, included, to its end, excluded", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await tenantWith("m");
      await infer(tenant, "m"); // at 12:00:00
      clock.advanceMs(60_000);
      await infer(tenant, "m"); // at 12:01:00
      const counted = async (from: string, to: string) => (await readUsage(tenant, { from, to })).total.inferences;
      expect(await counted("2026-11-20T12:00:00Z", "2026-11-20T12:01:00Z")).toBe(1);
      expect(await counted("2026-11-20T12:00:00.001Z", "2026-11-20T12:01:00Z")).toBe(0);
      expect(await counted("2026-11-20T12:00:00Z", "2026-11-20T12:01:00.001Z")).toBe(2);
      expect(await counted("2026-11-20T13:00:00+01:00", "2026-11-20T13:01:00+01:00")).toBe(1); // the same, in another zone
    });
  });

  test("over the last 24 hours by the hour, where nothing else is said", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await tenantWith("m");
      await infer(tenant, "m");
      const usage = await readUsage(tenant);
      expect(Date.parse(usage.to) - Date.parse(usage.from)).toBe(24 * HOUR_MS);
      expect(usage).toMatchObject({ granularity: "hour", total: { inferences: 1 } }); // what was used this very moment is in
      clock.advanceMs(25 * HOUR_MS);
      expect((await readUsage(tenant)).total.inferences).toBe(0);
      expect((await readUsage(tenant, { to: "2026-11-20T12:30:00Z" })).total.inferences).toBe(1);
    });
  });
});

describe("a question that can't be answered is refused:", () => {
  test.each([
    [{ granularity: "week" }, "granularity"],
    [{ group_by: "key" }, "group_by"],
    [{ from: "yesterday" }, "from"],
    [{ from: "2026-11-20" }, "from"],
    [{ to: "2026-11-20T25:00:00Z" }, "to"],
  ])("%j names %s", async (query, field) => {
    const response = await (await newTenant()).call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
  });

  test.each([
    [{ from: "2026-11-20T12:00:00Z", to: "2026-11-20T12:00:00Z" }, "from: must be before to"],
    [{ from: "2026-11-20T12:00:01Z", to: "2026-11-20T12:00:00Z" }, "from: must be before to"],
    // 10,000 minutes are 6 d 22 h 40 min; one minute more is too many.
    [{ from: "2026-11-01T00:00:00Z", to: "2026-11-07T22:41:00Z", granularity: "minute" }, "more than 10000 intervals"],
  ])("%j, because %s", async (query, sentence) => {
    const response = await (await newTenant()).call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
    expect((await expectProblem(response, 400, "invalid-request")).detail).toContain(sentence);
  });

  test("and 10,000 intervals are answered", async () => {
    const query = { from: "2026-11-01T00:00:00Z", to: "2026-11-07T22:40:00Z", granularity: "minute" };
    expect((await readUsage(await newTenant(), query)).data).toEqual([]);
  });
});
