import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

async function infer(tenant: TestTenant): Promise<Response> {
  return await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest });
}

async function tenantWithLimits(burst: number, ratePerSecond: number): Promise<TestTenant> {
  const tenant = await newTenant({ limits: { burst, rate_per_second: ratePerSecond } });
  await deploy(tenant, "m");
  return tenant;
}

function limitHeaders(response: Response): (string | null)[] {
  return [response.headers.get("RateLimit-Policy"), response.headers.get("RateLimit")];
}

describe("a tenant's limit", () => {
  test("is told with every inference: the policy, what is left of it, and when there is more", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async () => {
      const tenant = await tenantWithLimits(10, 4);
      // An empty bucket of 10 fills at 4 a second in 2.5 s, rounded up: w=3. One more comes after 250 ms, rounded up: t=1.
      expect(limitHeaders(await infer(tenant))).toEqual(['"inference";q=10;w=3', '"inference";r=9;t=1']);
      expect(limitHeaders(await infer(tenant))).toEqual(['"inference";q=10;w=3', '"inference";r=8;t=1']);
    });
  });

  test("lets a burst through and then refuses, until the bucket has refilled by one", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await tenantWithLimits(2, 1);
      expect([(await infer(tenant)).status, (await infer(tenant)).status]).toEqual([200, 200]);
      const response = await infer(tenant);
      expect(response.headers.get("Retry-After")).toBe("1"); // 1 token at 1 a second
      expect(limitHeaders(response)).toEqual(['"inference";q=2;w=2', '"inference";r=0;t=1']);
      expect(await expectProblem(response, 429, "quota-exceeded")).toMatchObject({
        "violated-policies": ["inference"],
      });
      clock.advanceMs(999);
      expect((await infer(tenant)).status).toBe(429);
      clock.advanceMs(1);
      expect((await infer(tenant)).status).toBe(200);
      expect((await infer(tenant)).status).toBe(429);
    });
  });

  test("never holds more than its burst, however long nobody called", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await tenantWithLimits(2, 1);
      await infer(tenant);
      clock.advanceMs(3_600_000);
      const statuses = [await infer(tenant), await infer(tenant), await infer(tenant)].map(({ status }) => status);
      expect(statuses).toEqual([200, 200, 429]);
    });
  });

  test("is one for all of the tenant's keys, and another tenant's is its own", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async () => {
      const [tenant, other] = [await tenantWithLimits(1, 1), await tenantWithLimits(1, 1)];
      const made = await tenant.call("POST", "/v1/keys", { json: { name: "second", scopes: ["models:infer"] } });
      const { key }: { key: string } = await made.json();
      expect((await infer(tenant)).status).toBe(200);
      const headers = { Authorization: `Bearer ${key}` };
      const second = await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest, headers });
      expect(second.status).toBe(429);
      expect((await infer(other)).status).toBe(200);
    });
  });

  test("is not drawn from by refusals, nor by anything but inference", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async () => {
      const tenant = await tenantWithLimits(1, 1);
      await expectProblem(await tenant.call("POST", "/v2/models/none/infer"), 404, "model-not-found");
      for (const path of ["/v2/models/m", "/v1/models", "/v1/usage"]) await tenant.call("GET", path);
      expect(limitHeaders(await infer(tenant))[1]).toBe('"inference";r=0;t=1');
    });
  });

  test("holds as changed from the very next inference on, for less and for more", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async (clock) => {
      const tenant = await tenantWithLimits(10, 10);
      const change = async (limits: object) =>
        await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { limits } });
      await change({ burst: 1, rate_per_second: 1 });
      expect(limitHeaders(await infer(tenant))).toEqual(['"inference";q=1;w=1', '"inference";r=0;t=1']);
      expect((await infer(tenant)).status).toBe(429);
      await change({ burst: 5, rate_per_second: 5 });
      clock.advanceMs(1_000); // 1 s at 5 a second: full again
      expect(limitHeaders(await infer(tenant))).toEqual(['"inference";q=5;w=1', '"inference";r=4;t=1']);
    });
  });
});
