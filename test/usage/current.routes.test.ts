import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { type StoppedClock, withStoppedClock } from "../support/clock.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";
import { admit, grantCredit, quota, settle, tenantLimitedBy } from "./limited.ts";

type Reading = { name: string; per: string; subject: string | null; remaining: number } & Record<string, unknown>;
type Current = {
  at: string;
  quotas: Reading[];
  rates: Reading[];
  concurrency: Reading[];
  spend: Record<string, unknown>;
  credit: Record<string, unknown> | null;
  truncated: boolean;
};

async function readCurrent(tenant: TestTenant): Promise<Current> {
  const response = await tenant.call("GET", "/v1/usage/current");
  expect(response.status).toBe(200);
  return await response.json();
}

const NOON = "2030-01-15T12:00:00Z";
const atNoon = async (run: (clock: StoppedClock) => Promise<void>): Promise<void> => {
  await withStoppedClock(NOON, run);
};

describe("current usage tells", () => {
  test("of a quota what is used and left, when it starts anew, and what it will come to", async () => {
    await atNoon(async () => {
      const tenant = await tenantLimitedBy({ quotas: [quota()] });
      await admit(tenant, 3);
      await evictDurableObject(cellOf(tenant));
      const { at, quotas } = await readCurrent(tenant);
      expect(at).toBe("2030-01-15T12:00:00.000Z");
      // 3 in half a day make 6 in a whole one.
      const window = { window: "day", window_start: "2030-01-15T00:00:00.000Z", resets_at: "2030-01-16T00:00:00.000Z" };
      const figures = { limit: 10, used: 3, held: 0, remaining: 7, percent: 30, forecast: 6 };
      const whose = { name: "q", per: "tenant", subject: null };
      expect(quotas).toEqual([{ ...whose, unit: "inferences", soft: false, ...window, ...figures }]);
    });
  });

  test("what runs now may still take, and what it took in the end", async () => {
    await atNoon(async () => {
      const tenant = await tenantLimitedBy({ quotas: [quota({ unit: "compute_ms", limit: 1_000, window: "ever" })] });
      const ids = await admit(tenant, 1);
      const reading = async () => (await readCurrent(tenant)).quotas[0];
      expect(await reading()).toMatchObject({ used: 0, held: 1_000, remaining: 0, resets_at: null, forecast: null });
      await settle(tenant, ids, { computeMs: 250 });
      expect(await reading()).toMatchObject({ used: 250, held: 0, remaining: 750, percent: 25 });
    });
  });

  test("the tenant's limits before anything is used, and others' only then", async () => {
    await atNoon(async () => {
      const per = (subject: "tenant" | "key" | "model") => quota({ name: `of-${subject}`, per: subject, limit: 4 });
      const tenant = await tenantLimitedBy({ quotas: [per("tenant"), per("key"), per("model")] });
      await deploy(tenant, "unused");
      const told = async () =>
        (await readCurrent(tenant)).quotas.map(({ name, subject, used }) => [name, subject, used]);
      expect(await told()).toEqual([["of-tenant", null, 0]]);
      await admit(tenant, 1);
      const { data } = await (await tenant.call("GET", "/v1/keys")).json<{ data: { id: string }[] }>();
      const keyId = data[0]?.id;
      expect(await told()).toEqual([
        ["of-tenant", null, 1],
        ["of-key", keyId, 1],
        ["of-model", "m", 1],
      ]);
      await tenant.call("DELETE", "/v1/models/m");
      expect(await told()).toEqual([
        ["of-tenant", null, 1],
        ["of-key", keyId, 1],
      ]);
    });
  });

  test("of a key's own limit, which stands in the place of the tenant's, until the key is revoked", async () => {
    await atNoon(async () => {
      const tenant = await tenantLimitedBy({ quotas: [quota({ per: "key", limit: 8 })] });
      const limits = { quotas: [quota({ per: "key", limit: 2 })] };
      const created = await tenant.call("POST", "/v1/keys", { json: { name: "k", scopes: ["models:infer"], limits } });
      const { id, key } = await created.json<{ id: string; key: string }>();
      await admit(tenant, 2);
      await admit({ ...tenant, key }, 1);
      const told = async () => (await readCurrent(tenant)).quotas.map(({ limit, percent }) => [limit, percent]);
      expect(await told()).toEqual([
        [2, 50],
        [8, 25],
      ]); // the one that is closer to its end first
      await tenant.call("DELETE", `/v1/keys/${id}`);
      expect(await told()).toEqual([[8, 25]]);
    });
  });

  test("nothing of a key that has expired", async () => {
    await atNoon(async (clock) => {
      const tenant = await tenantLimitedBy({ quotas: [quota({ per: "key", limit: 8 })] });
      const json = { name: "k", scopes: ["models:infer"], expires_at: "2030-01-15T12:00:01Z" };
      const { key } = await (await tenant.call("POST", "/v1/keys", { json })).json<{ key: string }>();
      await admit({ ...tenant, key }, 1);
      expect((await readCurrent(tenant)).quotas).toHaveLength(1);
      clock.advanceMs(1_000);
      expect((await readCurrent(tenant)).quotas).toEqual([]);
    });
  });

  test("what is left of every bucket", async () => {
    await atNoon(async (clock) => {
      const tenant = await newTenant({ limits: { burst: 10, rate_per_second: 2 } });
      await deploy(tenant, "m");
      await admit(tenant, 4);
      const bucket = async () => (await readCurrent(tenant)).rates.find(({ endpoint }) => endpoint === "infer");
      const whose = { name: "inference", per: "tenant", subject: null, endpoint: "infer" };
      expect(await bucket()).toEqual({ ...whose, burst: 10, rate_per_second: 2, remaining: 6 });
      clock.advanceMs(1_000);
      expect(await bucket()).toMatchObject({ remaining: 8 });
    });
  });

  test("how many run: of the tenant always, of keys and models those of which any does", async () => {
    const per = (subject: "tenant" | "key" | "model", limit: number) => ({
      name: `of-${subject}`,
      per: subject,
      limit,
    });
    const tenant = await tenantLimitedBy({ concurrency: [per("tenant", 9), per("key", 8), per("model", 4)] });
    const told = async () =>
      (await readCurrent(tenant)).concurrency.map(({ name, in_flight: running, remaining }) => [
        name,
        running,
        remaining,
      ]);
    expect(await told()).toEqual([["of-tenant", 0, 9]]);
    const ids = await admit(tenant, 3);
    expect(await told()).toEqual([
      ["of-tenant", 3, 6],
      ["of-model", 3, 1],
      ["of-key", 3, 5],
    ]);
    await settle(tenant, ids);
    expect(await told()).toEqual([["of-tenant", 0, 9]]);
  });

  test("none of those whose lease is over as running", async () => {
    await atNoon(async (clock) => {
      const tenant = await tenantLimitedBy({ concurrency: [{ name: "c", per: "tenant", limit: 9 }] });
      await admit(tenant, 1);
      clock.advanceMs(3_600_000);
      expect((await readCurrent(tenant)).concurrency).toMatchObject([{ in_flight: 0 }]);
    });
  });

  test("what the billing period has cost, cap or no cap: 100 millionths of a dollar an answer", async () => {
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const tenant = await tenantLimitedBy({});
      await settle(tenant, await admit(tenant, 3));
      clock.advanceMs(86_400_000); // of 31 days less than 5 % are over
      const start = "2030-01-01T00:00:00.000Z";
      const period = { period_start: start, period_end: "2030-02-01T00:00:00.000Z", cap_micro_usd: null };
      expect((await readCurrent(tenant)).spend).toEqual({ ...period, spent_micro_usd: 300, forecast_micro_usd: null });
      clock.advanceMs(4.2 * 86_400_000); // 5.2 days are over: 300 / 5.2 · 31 = 1,788.46…
      expect((await readCurrent(tenant)).spend).toMatchObject({ spent_micro_usd: 300, forecast_micro_usd: 1_788 });
      const json = { overrides: { spend_cap: { micro_usd: 5_000, mode: "soft" } } };
      await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json });
      const { spend, quotas } = await readCurrent(tenant);
      expect(spend).toMatchObject({ spent_micro_usd: 300, cap_micro_usd: 5_000 });
      expect(quotas).toMatchObject([{ name: "spend-cap", used: 0, soft: true, window: "period" }]);
    });
  });

  test("of credit what was granted, spent and is left; nothing where none is needed", async () => {
    const tenant = await tenantLimitedBy({ prepaid: true });
    await grantCredit(tenant, 1_000);
    const ids = await admit(tenant, 3);
    const credit = { granted_micro_usd: 1_000, spent_micro_usd: 0, held_micro_usd: 300, left_micro_usd: 700 };
    expect((await readCurrent(tenant)).credit).toEqual(credit);
    await settle(tenant, ids);
    const spent = { granted_micro_usd: 1_000, spent_micro_usd: 300, held_micro_usd: 0, left_micro_usd: 700 };
    expect((await readCurrent(tenant)).credit).toEqual(spent);
    expect((await readCurrent(await newTenant())).credit).toBeNull();
  });
});
