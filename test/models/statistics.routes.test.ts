import { describe, expect, test } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type Stats = { model_stats: { name: string; version: string; inference_count: number }[] };

async function stats(tenant: TestTenant, path: string): Promise<Stats> {
  const response = await tenant.call("GET", `/v2/models/${path}`);
  expect(response.status).toBe(200);
  return await response.json();
}

describe("Triton's statistics", () => {
  test("tell counts, nanoseconds and the time of the last inference; what is not measured is 0", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await withStoppedClock("2030-01-01T00:00:00Z", async () => {
      const cell = cellOf(tenant);
      const requests = [inferRequest(tenant, "m"), inferRequest(tenant, "m")];
      const [ok, bad] = (await cell.admit(requests)).map((answer) => requireAdmitted(answer).entryId);
      if (!ok || !bad) throw new Error("Two were admitted.");
      await cell.settle([
        settlementOf(ok, { queueMicros: 100, computeMicros: 4_900 }),
        settlementOf(bad, { outcome: "rejected", reason: "shape-mismatch", queueMicros: 0, computeMicros: 7 }),
      ]);
    });
    const nothing = { count: 0, ns: 0 };
    expect(await stats(tenant, "m/stats")).toEqual({
      model_stats: [
        {
          name: "m",
          version: "1",
          last_inference: Date.parse("2030-01-01T00:00:00Z"),
          inference_count: 1,
          execution_count: 1,
          inference_stats: {
            success: { count: 1, ns: 5_000_000 }, // (100 + 4,900) µs
            fail: { count: 1, ns: 7_000 },
            queue: { count: 1, ns: 100_000 },
            compute_input: nothing,
            compute_infer: { count: 1, ns: 4_900_000 },
            compute_output: nothing,
            cache_hit: nothing,
            cache_miss: nothing,
          },
          batch_stats: [],
        },
      ],
    });
  });

  test("are of one version, of all of a model, or of all models, and of no other tenant's", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    await deploy(other, "theirs");
    await deploy(tenant, "a", addModel(1));
    await upload(tenant, "a", addModel(2));
    await deploy(tenant, "b", addModel(3));
    const named = async (path: string): Promise<string[]> =>
      (await stats(tenant, path)).model_stats.map(({ name, version }) => `${name} ${version}`).toSorted();
    expect(await named("stats")).toEqual(["a 1", "a 2", "b 1"]);
    expect(await named("a/stats")).toEqual(["a 1", "a 2"]);
    expect(await named("a/versions/2/stats")).toEqual(["a 2"]);
  });

  test.each(["n/stats", "n/versions/1/stats"])("of %s, which the tenant does not have, are 404", async (path) => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await expectProblem(await tenant.call("GET", `/v2/models/${path}`), 404, "model-not-found");
  });

  test("of a version that the model does not have are 404", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await expectProblem(await tenant.call("GET", "/v2/models/m/versions/2/stats"), 404, "version-not-found");
  });
});

describe("a version's statistics", () => {
  test("are shown with its model, from real inferences", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const wrong = { inputs: [{ ...addOneRequest.inputs[0], shape: [2, 2] }] };
    for (const json of [addOneRequest, addOneRequest, wrong]) {
      await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json });
    }
    const model: { versions: { statistics: unknown }[] } = await (await tenant.call("GET", "/v1/models/m")).json();
    const percentiles = { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) };
    const sentBytes = JSON.stringify(addOneRequest).length;
    expect(model.versions[0]?.statistics).toEqual({
      inferences: 2,
      failures: { "shape-mismatch": 1 },
      queue_ms: percentiles,
      compute_ms: percentiles,
      cold_start_ms: expect.objectContaining({ count: expect.any(Number) }),
      bytes_in: 2 * sentBytes + JSON.stringify(wrong).length,
      bytes_out: expect.any(Number),
      last_used_at: expect.stringMatching(/Z$/),
    });
  });

  test("of a version that nobody used are empty", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const nothing = { p50: null, p95: null, p99: null };
    expect(await (await tenant.call("GET", "/v1/models/m")).json()).toMatchObject({
      versions: [
        {
          statistics: {
            inferences: 0,
            failures: {},
            queue_ms: nothing,
            compute_ms: nothing,
            cold_start_ms: { count: 0, ...nothing },
            bytes_in: 0,
            bytes_out: 0,
            last_used_at: null,
          },
        },
      ],
    });
  });
});
