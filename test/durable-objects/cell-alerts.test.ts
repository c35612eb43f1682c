import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { readEvents } from "../../src/events/outbox.store.ts";
import type { AlertBody } from "../../src/usage/alerts.rules.ts";
import { cellOf, inferRequest, requireAdmitted } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";
import { admit, grantCredit, limitBy, quota, settle, tenantLimitedBy } from "../usage/limited.ts";

const DAY = 86_400_000;
const START = "2030-01-15T10:20:30Z"; // far ahead, so that no alarm goes off by itself

/** What stands in the outbox: all of it are alerts. */
async function outboxOf(tenant: TestTenant): Promise<AlertBody[]> {
  const events = await runInDurableObject(cellOf(tenant), (_cell, state) => readEvents(state.storage.sql, 0, 1_000));
  for (const { type } of events) expect(type).toBe("usage.threshold_reached");
  return events.map(({ body }) => body as AlertBody);
}

async function sharesTold(tenant: TestTenant): Promise<number[]> {
  return (await outboxOf(tenant)).map(({ percent }) => percent);
}

describe("an alert is raised", () => {
  test("at 50, 80, 90 and 100 % of a quota, once each, whatever is evicted in between", async () => {
    await withStoppedClock(START, async () => {
      const tenant = await tenantLimitedBy({ quotas: [quota()] });
      for (let call = 0; call < 10; call++) {
        await settle(tenant, await admit(tenant, 1));
        await evictDurableObject(cellOf(tenant));
      }
      const [refused] = await cellOf(tenant).admit([inferRequest(tenant, "m")]);
      expect(refused?.kind).toBe("quota-exceeded");
      const all = await outboxOf(tenant);
      expect(all.map(({ percent, used }) => [percent, used])).toEqual([
        [50, 5],
        [80, 8],
        [90, 9],
        [100, 10],
      ]);
      expect(all[0]).toEqual({
        policy: "q",
        per: "tenant",
        subject: null,
        unit: "inferences",
        window: "day",
        window_start: "2030-01-15T00:00:00.000Z",
        percent: 50,
        used: 5,
        limit: 10,
        soft: false,
      });
    });
  });

  test("for each share that one batch passes, the lower ones first", async () => {
    const tenant = await tenantLimitedBy({ quotas: [quota({ window: "ever" })] });
    await admit(tenant, 9);
    expect(await sharesTold(tenant)).toEqual([50, 80, 90]);
    await admit(tenant, 1);
    expect(await sharesTold(tenant)).toEqual([50, 80, 90, 100]);
  });

  test("anew in a new window", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantLimitedBy({ quotas: [quota()] });
      await admit(tenant, 5);
      clock.advanceMs(DAY);
      await admit(tenant, 4);
      expect(await sharesTold(tenant)).toEqual([50]);
      await admit(tenant, 1);
      expect((await outboxOf(tenant)).map(({ percent, window_start: start }) => [percent, start.slice(0, 10)])).toEqual(
        [
          [50, "2030-01-15"],
          [50, "2030-01-16"],
        ],
      );
    });
  });

  test("of a soft quota too, and not beyond its whole", async () => {
    const tenant = await tenantLimitedBy({ quotas: [quota({ window: "ever", soft: true })] });
    for (let batch = 0; batch < 5; batch++) await admit(tenant, 6);
    const all = await outboxOf(tenant);
    expect(all.map(({ percent, used, soft }) => [percent, used, soft])).toEqual([
      [50, 6, true],
      [80, 12, true],
      [90, 12, true],
      [100, 12, true],
    ]);
  });

  test("not twice where refunds lower what is used and it rises again", async () => {
    const tenant = await tenantLimitedBy({ quotas: [quota({ window: "ever" })] });
    const ids = await admit(tenant, 5);
    await settle(tenant, ids.slice(0, 3), { outcome: "failed" }); // 2 are left
    await admit(tenant, 3); // 5 again
    expect(await sharesTold(tenant)).toEqual([50]);
    await admit(tenant, 3);
    expect(await sharesTold(tenant)).toEqual([50, 80]);
  });

  test("of calls that are no inferences, where a quota counts them", async () => {
    const tenant = await tenantLimitedBy({
      quotas: [quota({ unit: "requests", window: "ever", limit: 1_000, soft: true })],
    });
    expect(await sharesTold(tenant)).toEqual([]);
    await limitBy(tenant, { quotas: [quota({ unit: "requests", window: "ever", limit: 4, soft: true })] });
    for (let call = 0; call < 2; call++) await tenant.call("GET", "/v1/models");
    expect((await sharesTold(tenant)).at(-1)).toBe(100);
  });

  test("of compute time once it was taken, not while it is held", async () => {
    const tenant = await tenantLimitedBy({ quotas: [quota({ unit: "compute_ms", window: "ever", limit: 100 })] });
    const ids = await admit(tenant, 1); // holds all 100 ms
    expect(await sharesTold(tenant)).toEqual([]);
    await settle(tenant, ids, { computeMs: 81 });
    expect((await outboxOf(tenant)).map(({ percent, used }) => [percent, used])).toEqual([
      [50, 81],
      [80, 81],
    ]);
  });

  test("of the spend cap, hard or soft, as money is spent: 100 millionths of a dollar an answer", async () => {
    for (const mode of ["hard", "soft"] as const) {
      const tenant = await tenantLimitedBy({ spend_cap: { micro_usd: 1_000, mode } });
      const ids = await admit(tenant, 10);
      await settle(tenant, ids.slice(0, 2), { outcome: "rejected" });
      await settle(tenant, ids.slice(2, 6));
      expect(await sharesTold(tenant)).toEqual([]); // 400 of 1,000
      await settle(tenant, ids.slice(6));
      expect((await outboxOf(tenant)).map(({ policy, percent, used }) => [policy, percent, used])).toEqual([
        ["spend-cap", 50, 800],
        ["spend-cap", 80, 800],
      ]);
    }
  });

  test("of whom it concerns: the key by its id, the model by its name, the key's own limit in the place of the tenant's", async () => {
    const quotas = [
      quota({ name: "of-key", per: "key", window: "ever", limit: 8 }),
      quota({ name: "of-model", per: "model", window: "ever", limit: 6 }),
    ];
    const tenant = await tenantLimitedBy({ quotas });
    await deploy(tenant, "other");
    const limits = { quotas: [quota({ name: "of-key", per: "key", window: "ever", limit: 2 })] };
    const created = await tenant.call("POST", "/v1/keys", { json: { name: "k", scopes: ["models:infer"], limits } });
    const { id, key } = await created.json<{ id: string; key: string }>();
    await admit(tenant, 2, "other");
    await admit({ ...tenant, key }, 1); // one of its two
    await admit(tenant, 2); // four of the first key's eight, three of the model's six
    expect(
      (await outboxOf(tenant)).map(({ policy, per, subject, percent, limit }) => [
        policy,
        per,
        subject,
        percent,
        limit,
      ]),
    ).toEqual([
      ["of-key", "key", id, 50, 2],
      ["of-key", "key", expect.stringMatching(/^key_/), 50, 8],
      ["of-model", "model", "m", 50, 6],
    ]);
  });

  test("of credit, and again after more was granted", async () => {
    const tenant = await tenantLimitedBy({ prepaid: true });
    await grantCredit(tenant, 1_000);
    await settle(tenant, await admit(tenant, 5));
    expect(await sharesTold(tenant)).toEqual([50]); // 500 of 1,000
    await grantCredit(tenant, 1_000);
    expect(await sharesTold(tenant)).toEqual([50]); // 500 of 2,000
    await evictDurableObject(cellOf(tenant));
    await settle(tenant, await admit(tenant, 5));
    expect((await outboxOf(tenant)).map(({ policy, percent, used, limit }) => [policy, percent, used, limit])).toEqual([
      ["credits", 50, 500, 1_000],
      ["credits", 50, 1_000, 2_000],
    ]);
  });
});

test("an alert and the debit that reached it are written together or not at all", async () => {
  const tenant = await tenantLimitedBy({ quotas: [quota({ window: "ever", limit: 2 })] });
  const cell = cellOf(tenant);
  await runInDurableObject(cell, async (instance, state) => {
    state.storage.sql.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    );
    await expect(instance.admit([inferRequest(tenant, "m")])).rejects.toThrow("the disk is full");
    state.storage.sql.exec("DROP TRIGGER broken");
  });
  expect(await sharesTold(tenant)).toEqual([]);
  const answers = await cell.admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
  for (const answer of answers) requireAdmitted(answer);
  expect(await sharesTold(tenant)).toEqual([50, 80, 90, 100]);
});

describe("GET /v1/usage/alerts", () => {
  type Page = { data: { id: string; at: string; percent: number }[]; next: string | null };
  const pageOf = async (tenant: TestTenant, query: string): Promise<Page> =>
    await (await tenant.call("GET", `/v1/usage/alerts${query}`)).json();

  test("lists what was raised, the latest first, page by page, delivered or not", async () => {
    await withStoppedClock(START, async () => {
      const tenant = await tenantLimitedBy({ quotas: [quota({ window: "ever" })] });
      await admit(tenant, 10);
      await runInDurableObject(cellOf(tenant), (_cell, state) => {
        state.storage.sql.exec("DELETE FROM outbox");
      });
      const first = await pageOf(tenant, "?limit=3");
      expect(first.data.map(({ percent }) => percent)).toEqual([100, 90, 80]);
      expect(first.data[0]).toMatchObject({
        type: "usage.threshold_reached",
        at: "2030-01-15T10:20:30.000Z",
        policy: "q",
      });
      expect(first.next).toBe(first.data[2]?.id);
      const second = await pageOf(tenant, `?limit=3&after=${first.next ?? ""}`);
      expect(second).toMatchObject({ data: [{ percent: 50 }], next: null });
      expect(await pageOf(await newTenant(), `?after=${first.next ?? ""}`)).toEqual({ data: [], next: null });
    });
  });

  test("forgets them after 400 days", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await tenantLimitedBy({ quotas: [quota()] });
      await admit(tenant, 5);
      clock.advanceMs(399 * DAY);
      await admit(tenant, 5);
      await runDurableObjectAlarm(cellOf(tenant));
      expect((await pageOf(tenant, "")).data).toHaveLength(2);
      clock.advanceMs(DAY);
      await runDurableObjectAlarm(cellOf(tenant));
      expect((await pageOf(tenant, "")).data).toHaveLength(1);
    });
  });
});
