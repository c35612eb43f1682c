import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { bearer, makeKey } from "../support/keys.ts";
import { listen, openLive, sumOf } from "../support/live.ts";
import { deploy } from "../support/models.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { type CallOptions, type TestTenant, call, callAsOperator, newTenant } from "../support/tenant.ts";

async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  return tenant;
}

/** The delays of the timers that a tenant's cell sets while it admits so many inferences, one after the other. */
async function timersOf(tenant: TestTenant, admissions: number): Promise<(number | undefined)[]> {
  return await runInDurableObject(cellOf(tenant), async (cell) => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    for (let i = 0; i < admissions; i++) requireAdmitted((await cell.admit([inferRequest(tenant, "m")]))[0]);
    const delays = timers.mock.calls.map(([, delayMs]) => delayMs);
    timers.mockRestore();
    return delays;
  });
}

describe("a cell", () => {
  test("to which nobody listens sets no timer, nor when its last listener has left", async () => {
    const tenant = await tenantWithModel();
    expect(await timersOf(tenant, 2)).toEqual([]);
    const listener = await listen(tenant);
    listener.socket.close(1000);
    await listener.closed();
    expect(await timersOf(tenant, 2)).toEqual([]);
  });

  test("sets one timer for all that happens in a second, to its end", async () => {
    await withStoppedClock("2026-11-20T12:00:00.700Z", async () => {
      const tenant = await tenantWithModel();
      const listener = await listen(tenant);
      expect(await timersOf(tenant, 3)).toEqual([300]);
      expect(await listener.tick()).toMatchObject({ at: "2026-11-20T12:00:00.000Z", admitted: 3, in_flight: 3 });
      expect(await timersOf(tenant, 1)).toEqual([300]); // the second is over by the timer, though not by the stopped clock
    });
  });

  test("on which nothing happens sets no timer and no alarm for its listeners, and sends them nothing", async () => {
    const tenant = await newTenant();
    const timers = vi.spyOn(globalThis, "setTimeout");
    const listener = await listen(tenant);
    const delays = timers.mock.calls.map(([, delayMs]) => delayMs);
    timers.mockRestore();
    expect(delays.filter((delayMs = 0) => delayMs <= 1000)).toEqual([]); // longer ones are deadlines of the Worker's trips
    const alarm = await runInDurableObject(cellOf(tenant), async (_cell, { storage }) => await storage.getAlarm());
    expect(alarm).toBeNull();
    listener.socket.send("ping");
    expect(await listener.text()).toBe("pong"); // and no frame was sent before it
  });

  test("keeps its listeners when it is evicted, and tells them of the next admission", async () => {
    const tenant = await tenantWithModel();
    const [one, other] = [await listen(tenant), await listen(tenant)];
    await evictDurableObject(cellOf(tenant));
    one.socket.send("ping");
    expect(await one.text()).toBe("pong");
    const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m")]);
    await cellOf(tenant).settle([settlementOf(requireAdmitted(answer).entryId)]);
    for (const listener of [one, other]) {
      expect(sumOf(await listener.ticksUntilSettled(1), ({ admitted }) => admitted)).toBe(1);
    }
  });

  test("knows after an eviction how many listen, and whose keys they hold", async () => {
    const tenant = await newTenant();
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { live_listeners: 1 } } });
    const listener = await listen(tenant);
    await evictDurableObject(cellOf(tenant));
    expect((await openLive(tenant)).status).toBe(429);
    await evictDurableObject(cellOf(tenant));
    await cellOf(tenant).refuseBefore("tenant", "", Date.now() + 1);
    expect(await listener.frame()).toEqual({ type: "bye", reason: "credential-void" });
    expect(await listener.closed()).toEqual({ code: 1008, reason: "credential-void" });
  });

  test("tells of each second by itself, also where the timer of the first comes late", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async (clock) => {
      const tenant = await tenantWithModel();
      const listener = await listen(tenant);
      await cellOf(tenant).admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
      clock.advanceMs(1_000); // the timer runs on the real clock: it has not fired yet
      await cellOf(tenant).admit([inferRequest(tenant, "m")]);
      expect(await listener.tick()).toMatchObject({ at: "2026-11-20T12:00:00.000Z", admitted: 2 });
      await cellOf(tenant).admit([inferRequest(tenant, "m")]);
      expect(await listener.tick()).toMatchObject({ at: "2026-11-20T12:00:01.000Z", admitted: 2 });
    });
  });

  test("tells nothing of a batch that was not committed", async () => {
    const tenant = await tenantWithModel();
    const listener = await listen(tenant);
    await runInDurableObject(cellOf(tenant), async (cell, { storage }) => {
      storage.sql.exec("ALTER TABLE open_entries RENAME TO elsewhere");
      await expect(cell.admit([inferRequest(tenant, "m")])).rejects.toThrow("open_entries");
      storage.sql.exec("ALTER TABLE elsewhere RENAME TO open_entries");
    });
    await cellOf(tenant).admit([inferRequest(tenant, "m")]);
    expect(await listener.tick()).toMatchObject({ admitted: 1, in_flight: 1 });
  });

  test("tells the state of the limits of the keys and models that were used, each by its own", async () => {
    const tenant = await tenantWithModel();
    const quotas = (["key", "model"] as const).map((per) => {
      return { name: `day-per-${per}`, per, unit: "inferences", window: "day", limit: 10 };
    });
    const concurrency = [{ name: "at-a-time", per: "tenant", limit: 5 }];
    const json = { overrides: { quotas, concurrency } };
    expect((await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json })).status).toBe(200);
    const listener = await listen(tenant);
    await cellOf(tenant).admit([inferRequest(tenant, "m"), inferRequest(tenant, "m")]);
    const { limits } = await listener.tick();
    const shown = limits.map(({ name, per, limit, remaining }) => [name, per, limit, remaining]);
    expect(shown).toContainEqual(["at-a-time", "tenant", 5, 3]);
    expect(shown).toContainEqual(["day-per-key", "key", 10, 8]);
    expect(shown).toContainEqual(["day-per-model", "model", 10, 8]);
    expect(limits.find(({ per }) => per === "key")?.subject).toMatch(/^key_/);
    expect(limits.find(({ per }) => per === "model")?.subject).toBe("m");
  });
});

describe("a listener that", () => {
  test("sends short texts is let be", async () => {
    const tenant = await tenantWithModel();
    const listener = await listen(tenant);
    listener.socket.send("hello?");
    listener.socket.send("");
    listener.socket.send("x".repeat(1024));
    await cellOf(tenant).admit([inferRequest(tenant, "m")]);
    expect(await listener.tick()).toMatchObject({ admitted: 1 });
  });

  test("sends bytes is closed with 1003, and one that sends a long text with 1009", async () => {
    const tenant = await newTenant();
    const [bytes, long] = [await listen(tenant), await listen(tenant)];
    bytes.socket.send(new Uint8Array([1, 2, 3]));
    long.socket.send("x".repeat(1025));
    expect(await bytes.closed()).toMatchObject({ code: 1003 });
    expect(await long.closed()).toMatchObject({ code: 1009 });
  });

  test("has been silent for two minutes is closed with the next tick, and one that pings is not", async () => {
    await withStoppedClock("2020-01-01T00:00:00.900Z", async (clock) => {
      const tenant = await tenantWithModel();
      const [silent, alive] = [await listen(tenant), await listen(tenant)];
      alive.socket.send("ping"); // the runtime notes the time of its own clock, years after the stopped one
      expect(await alive.text()).toBe("pong");
      clock.advanceMs(120_000);
      await cellOf(tenant).admit([inferRequest(tenant, "m")]);
      expect(await silent.tick()).toMatchObject({ admitted: 1 });
      expect(await alive.tick()).toMatchObject({ admitted: 1 });
      clock.advanceMs(1);
      await cellOf(tenant).admit([inferRequest(tenant, "m")]);
      expect(await silent.frame()).toEqual({ type: "bye", reason: "silent" });
      expect(await silent.closed()).toEqual({ code: 1008, reason: "silent" });
      expect(await alive.tick()).toMatchObject({ admitted: 1 });
    });
  });

  test("has been silent for two minutes gives its place to one that comes", async () => {
    await withStoppedClock("2020-01-01T00:00:00.000Z", async (clock) => {
      const tenant = await newTenant();
      await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { live_listeners: 1 } } });
      const silent = await listen(tenant);
      clock.advanceMs(120_001);
      await listen(tenant);
      expect(await silent.frame()).toEqual({ type: "bye", reason: "silent" });
    });
  });
});

describe("a listener whose credential has expired", () => {
  test.each([
    ["an access token", async (tenant: TestTenant) => await memberToken(tenant), "expired-token"],
    ["a key", async (tenant: TestTenant) => (await makeKey(tenant.key, IN_FIVE_MINUTES)).key, "key-expired"],
  ] as const)("that is %s is sent no tick, but dismissed", async (_what, credentialOf, reason) => {
    await withStoppedClock(NOON, async ({ advanceMs }) => {
      const tenant = await tenantWithModel();
      const credential = await credentialOf(tenant);
      const listener = await listen({ ...tenant, call: async (...request) => await callWith(credential, ...request) });
      await runInDurableObject(cellOf(tenant), async (cell) => await cell.admit([inferRequest(tenant, "m")]));
      expect(await listener.tick()).toMatchObject({ admitted: 1 });
      advanceMs(310_000); // five minutes, and the five seconds by which clocks may be apart
      await runInDurableObject(cellOf(tenant), async (cell) => await cell.admit([inferRequest(tenant, "m")]));
      expect(await listener.frame()).toEqual({ type: "bye", reason });
      expect(await listener.closed()).toMatchObject({ code: 1008 });
    });
  });
});

/** Later than any key that a test has published: those have no private half to sign with. */
const NOON = "2031-01-01T12:00:00.000Z";
const IN_FIVE_MINUTES = { scopes: ["usage:read"], expires_at: "2031-01-01T12:05:00.000Z" };

async function memberToken(tenant: TestTenant): Promise<string> {
  const person = await newPerson();
  await addMember(tenant.id, person, "viewer");
  return await tokenOf(person, tenant.id);
}

async function callWith(credential: string, method: string, path: string, options: CallOptions = {}) {
  return await call(method, path, { ...options, headers: { ...options.headers, ...bearer(credential).headers } });
}
