import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { slowIsolates } from "../support/slow-isolates.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

/** One inference under this key, settled before the test goes on. */
async function infer(tenant: TestTenant, key: string, json: unknown = addOneRequest, model = "m"): Promise<Response> {
  const options = { json, headers: { "Idempotency-Key": key } };
  return await callToTheEnd(tenant, "POST", `/v2/models/${model}/infer`, options);
}

async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  return tenant;
}

async function charged(tenant: TestTenant): Promise<number> {
  const usage: { total: { inferences: number } } = await (await tenant.call("GET", "/v1/usage")).json();
  return usage.total.inferences;
}

describe("a repeated Idempotency-Key", () => {
  test("is answered again, charged to the entry of the first request, and said to be replayed", async () => {
    const tenant = await tenantWithModel();
    const first = await infer(tenant, '"order-1"');
    const again = await infer(tenant, '"order-1"');
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.headers.has("Idempotent-Replayed")).toBe(false);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(first.headers.get("Tensorgate-Entry")).toMatch(/^ent_/);
    expect(again.headers.get("Tensorgate-Entry")).toBe(first.headers.get("Tensorgate-Entry"));
    expect(await again.text()).toBe(await first.text());
    expect(await charged(tenant)).toBe(1);
  });

  test("is the same key with and without quotes", async () => {
    const tenant = await tenantWithModel();
    await infer(tenant, '"order-1"');
    expect((await infer(tenant, "order-1")).headers.get("Idempotent-Replayed")).toBe("true");
  });

  test("takes nothing from the limit, and is answered when the limit is exhausted", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async () => {
      const tenant = await newTenant({ limits: { burst: 1, rate_per_second: 1 } });
      await deploy(tenant, "m");
      expect((await infer(tenant, '"order-1"')).status).toBe(200);
      expect((await infer(tenant, '"order-2"')).status).toBe(429);
      expect((await infer(tenant, '"order-1"')).status).toBe(200);
    });
  });

  test("is answered by the version that was charged, though another is production by now", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m", addModel(10));
    await infer(tenant, '"order-1"');
    await upload(tenant, "m", addModel(20));
    await tenant.call("PUT", "/v1/models/m/aliases/production", { json: { version: 2 } });
    expect(await (await infer(tenant, '"order-1"')).json()).toMatchObject({
      model_version: "1",
      outputs: [{ data: [11, 12] }], // 1 + 10, 2 + 10
    });
  });

  test("is 422 with another body or on another route, and neither is charged", async () => {
    const tenant = await tenantWithModel();
    await deploy(tenant, "other");
    await infer(tenant, '"order-1"');
    const otherBody = { ...addOneRequest, id: "another" };
    await expectProblem(await infer(tenant, '"order-1"', otherBody), 422, "idempotency-mismatch");
    await expectProblem(await infer(tenant, '"order-1"', addOneRequest, "other"), 422, "idempotency-mismatch");
    expect(await charged(tenant)).toBe(1);
  });

  test("of two at the same time is charged once; the one that comes second is told to wait", async () => {
    const tenant = await tenantWithModel();
    const { loader, reached, release } = slowIsolates();
    const headers = { "Idempotency-Key": '"order-1"' };
    const options = { json: addOneRequest, headers, bindings: { LOADER: loader } };
    const first = callToTheEnd(tenant, "POST", "/v2/models/m/infer", options);
    await reached;
    const second = await infer(tenant, '"order-1"');
    expect(second.status).toBe(409);
    expect(second.headers.get("Retry-After")).toBe("1");
    expect(await second.json()).toMatchObject({ code: "idempotency-in-flight" });
    release();
    expect((await first).status).toBe(200);
    expect(await charged(tenant)).toBe(1);
    expect((await infer(tenant, '"order-1"')).headers.get("Idempotent-Replayed")).toBe("true");
  });

  test("of another tenant is another key", async () => {
    const [tenant, other] = [await tenantWithModel(), await tenantWithModel()];
    await infer(tenant, '"order-1"');
    const response = await infer(other, '"order-1"');
    expect(response.status).toBe(200);
    expect(response.headers.has("Idempotent-Replayed")).toBe(false);
    expect(await charged(other)).toBe(1);
  });
});

describe("a request that was not charged gives its key back", () => {
  test("after its tensors were refused", async () => {
    const tenant = await tenantWithModel();
    await expectProblem(await infer(tenant, '"order-1"', { inputs: [] }), 400, "missing-input");
    const corrected = await infer(tenant, '"order-1"');
    expect(corrected.status).toBe(200);
    expect(corrected.headers.has("Idempotent-Replayed")).toBe(false);
    expect(await charged(tenant)).toBe(1);
  });

  test("after it was refused at admission", async () => {
    const tenant = await newTenant();
    await expectProblem(await infer(tenant, '"order-1"'), 404, "model-not-found");
    await deploy(tenant, "m");
    const response = await infer(tenant, '"order-1"');
    expect(response.status).toBe(200);
    expect(response.headers.has("Idempotent-Replayed")).toBe(false);
  });
});

test.each(["", '""', '"open', `"${"k".repeat(256)}"`, "two words"])(
  "the Idempotency-Key %j is malformed: 400, and nothing is charged",
  async (key) => {
    const tenant = await tenantWithModel();
    const problem = await expectProblem(await infer(tenant, key), 400, "invalid-request");
    expect(problem.detail).toMatch(/^Idempotency-Key: /);
    expect(await charged(tenant)).toBe(0);
  },
);

test("without an Idempotency-Key every request is charged", async () => {
  const tenant = await tenantWithModel();
  const entries = new Set<string | null>();
  for (let i = 0; i < 3; i++) {
    const response = await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: addOneRequest });
    entries.add(response.headers.get("Tensorgate-Entry"));
  }
  expect(entries.size).toBe(3);
  expect(await charged(tenant)).toBe(3);
});
