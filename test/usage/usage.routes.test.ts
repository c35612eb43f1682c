import { describe, expect, test } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { addOneModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { newKey, newTenant } from "../support/tenant.ts";
import { infer, readUsage, tenantWith } from "./reading.ts";

const NO_OUTCOMES = { pending: 0, ok: 0, rejected: 0, failed: 0, unsettled: 0 };
const NO_SUMS = { cost_micro_usd: 0, compute_ms: 0, bytes_in: 0, bytes_out: 0 };
const NOTHING = { inferences: 0, ...NO_OUTCOMES, ...NO_SUMS, refusals: {} };
const HOUR_MS = 3_600_000;

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

  test("by several at once, each refusal where it belongs: it ran on no version and had no outcome", async () => {
    const tenant = await tenantWith("a", "b");
    await upload(tenant, "a", addOneModel());
    const called = ["a/versions/1", "a/versions/2", "a/versions/2", "b", "a/versions/9"];
    for (const model of called) await infer(tenant, model);
    await infer(tenant, "b", { inputs: [] });
    const { data } = await readUsage(tenant, { group_by: "outcome, version" });
    const rows = data.map(({ model, version, outcome, inferences, refusals }) => {
      return [model, version, outcome, inferences, refusals];
    });
    expect(rows).toEqual([
      ["a", null, null, 0, { "version-not-found": 1 }],
      ["a", 1, "ok", 1, {}],
      ["a", 2, "ok", 2, {}],
      ["b", 1, "ok", 1, {}],
      ["b", 1, "rejected", 0, {}],
    ]);
  });

  test("by the caller and by what it ran on", async () => {
    const tenant = await tenantWith("m");
    const other = await newKey(tenant.id, ["models:infer"]);
    for (const key of [tenant.key, other, other]) await infer({ ...tenant, key }, "m");
    const { data } = await readUsage(tenant, { group_by: "key,runtime" });
    expect(data.map(({ runtime, inferences }) => [runtime, inferences])).toEqual([
      ["isolate", 1],
      ["isolate", 2],
    ]);
    for (const { key, inferences } of data) {
      expect((await readUsage(tenant, { key: String(key) })).total.inferences).toBe(inferences);
    }
  });

  test("of what is asked for alone", async () => {
    const tenant = await tenantWith("a", "b");
    for (const model of ["a", "b", "b", "b/versions/9"]) await infer(tenant, model);
    await infer(tenant, "b", { inputs: [] });
    const counted = async (query: Record<string, string>) => {
      const { inferences, rejected, refusals } = (await readUsage(tenant, query)).total;
      return [inferences, rejected, refusals];
    };
    expect(await counted({})).toEqual([3, 1, { "version-not-found": 1 }]);
    expect(await counted({ model: "b" })).toEqual([2, 1, { "version-not-found": 1 }]);
    expect(await counted({ model: "b", version: "1" })).toEqual([2, 1, {}]);
    expect(await counted({ model: "b", version: "2" })).toEqual([0, 0, {}]);
    expect(await counted({ outcome: "rejected" })).toEqual([0, 1, {}]);
    expect(await counted({ runtime: "container" })).toEqual([0, 0, {}]);
    expect(await counted({ key: "key_of_nobody' OR '1'='1" })).toEqual([0, 0, {}]);
  });

  test("with what each outcome came to, and what it cost: 100 millionths of a dollar an answer", async () => {
    const tenant = await tenantWith("m");
    const admitted = await cellOf(tenant).admit(Array.from({ length: 4 }, () => inferRequest(tenant, "m")));
    const [ok, rejected, failed] = admitted.map((one) => requireAdmitted(one).entryId);
    if (!ok || !rejected || !failed) throw new Error("Four inferences were admitted.");
    await cellOf(tenant).settle([
      settlementOf(ok),
      settlementOf(rejected, { outcome: "rejected", bytesOut: 0 }),
      settlementOf(failed, { outcome: "failed", bytesOut: 0 }),
    ]);
    const { total } = await readUsage(tenant);
    // Charged are the one that was answered and the one under way: 2 · 100. Three ran 5 ms and took 10 bytes, one gave 20.
    const outcomes = { inferences: 2, pending: 1, ok: 1, rejected: 1, failed: 1, unsettled: 0 };
    const sums = { cost_micro_usd: 200, compute_ms: 15, bytes_in: 30, bytes_out: 20 };
    expect(total).toEqual({ ...outcomes, ...sums, refusals: {} });
    const { data } = await readUsage(tenant, { group_by: "outcome" });
    expect(data.map(({ outcome, inferences, cost_micro_usd: cost }) => [outcome, inferences, cost])).toEqual([
      ["failed", 0, 0],
      ["ok", 1, 100],
      ["pending", 1, 100],
      ["rejected", 0, 0],
    ]);
  });

  test("by minute, hour, day and month, in UTC, oldest first, without the intervals in which nothing was", async () => {
    await withStoppedClock("2026-10-31T23:58:30Z", async (clock) => {
      const tenant = await tenantWith("m");
      await infer(tenant, "m"); // 23:58:30
      clock.advanceMs(120_000);
      await infer(tenant, "m"); // 00:00:30 on the next day
      await infer(tenant, "m");
      const startsAndSums = async (granularity: string) =>
        (await readUsage(tenant, { granularity })).data.map(({ start, inferences }) => [start, inferences]);
      expect(await startsAndSums("minute")).toEqual([
        ["2026-10-31T23:58:00.000Z", 1],
        ["2026-11-01T00:00:00.000Z", 2],
      ]);
      expect(await startsAndSums("hour")).toEqual([
        ["2026-10-31T23:00:00.000Z", 1],
        ["2026-11-01T00:00:00.000Z", 2],
      ]);
      expect(await startsAndSums("day")).toEqual([
        ["2026-10-31T00:00:00.000Z", 1],
        ["2026-11-01T00:00:00.000Z", 2],
      ]);
      expect(await startsAndSums("month")).toEqual([
        ["2026-10-01T00:00:00.000Z", 1],
        ["2026-11-01T00:00:00.000Z", 2],
      ]);
    });
  });

  test("from its start, included, to its end, excluded, both rounded outward to the minute", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await tenantWith("m");
      await infer(tenant, "m"); // at 12:00:00
      clock.advanceMs(60_000);
      await infer(tenant, "m"); // at 12:01:00
      const counted = async (from: string, to: string) => (await readUsage(tenant, { from, to })).total.inferences;
      expect(await counted("2026-11-20T12:00:00Z", "2026-11-20T12:01:00Z")).toBe(1);
      expect(await counted("2026-11-20T12:00:59Z", "2026-11-20T12:01:00Z")).toBe(1); // from 12:00:00
      expect(await counted("2026-11-20T12:02:00Z", "2026-11-20T12:02:30Z")).toBe(0);
      expect(await counted("2026-11-20T11:59:00Z", "2026-11-20T12:00:00Z")).toBe(0);
      expect(await counted("2026-11-20T12:00:00Z", "2026-11-20T12:01:00.001Z")).toBe(2); // to 12:02:00
      expect(await counted("2026-11-20T13:00:00+01:00", "2026-11-20T13:01:00+01:00")).toBe(1); // the first, in another zone
      const { from, to } = await readUsage(tenant, { from: "2026-11-20T12:00:59Z", to: "2026-11-20T12:01:00.001Z" });
      expect([from, to]).toEqual(["2026-11-20T12:00:00.000Z", "2026-11-20T12:02:00.000Z"]);
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
