import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { cellOf } from "../support/cell.ts";
import { callToTheEnd } from "../support/direct.ts";
import { TestListener, type Tick, listen, openAsBrowser, openLive, requireSocket, sumOf } from "../support/live.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, callAsOperator, newKey, newTenant } from "../support/tenant.ts";

async function infer(tenant: TestTenant, model: string, json: unknown = addOneRequest): Promise<number> {
  const response = await callToTheEnd(tenant, "POST", `/v2/models/${model}/infer`, { json });
  await response.arrayBuffer();
  return response.status;
}

const usageShape = z.object({ total: z.record(z.string(), z.unknown()) });

async function usageOf(tenant: TestTenant) {
  return usageShape.parse(await (await tenant.call("GET", "/v1/usage")).json()).total;
}

/** What the ticks come to, in the terms of GET /v1/usage. */
function usageIn(ticks: readonly Tick[]) {
  const refusals: Record<string, number> = {};
  for (const [reason, count] of ticks.flatMap(({ refused }) => Object.entries(refused))) {
    refusals[reason] = (refusals[reason] ?? 0) + count;
  }
  const rejected = sumOf(ticks, ({ settled }) => settled.rejected);
  const failed = sumOf(ticks, ({ settled }) => settled.failed);
  return {
    inferences: sumOf(ticks, ({ admitted }) => admitted) - rejected - failed,
    rejected,
    failed,
    compute_ms: sumOf(ticks, (tick) => tick.compute_ms),
    bytes_in: sumOf(ticks, (tick) => tick.bytes_in),
    bytes_out: sumOf(ticks, (tick) => tick.bytes_out),
    refusals,
  };
}

async function revokeFirstKey(tenant: TestTenant): Promise<void> {
  const other = await newKey(tenant.id, ["keys:read", "keys:write"]);
  const headers = { Authorization: `Bearer ${other}` };
  const keys: { data: { id: string; last_four: string }[] } = await (
    await tenant.call("GET", "/v1/keys", { headers })
  ).json();
  const id = keys.data.find((key) => key.last_four === tenant.key.slice(-4))?.id ?? "";
  const revoked = await tenant.call("DELETE", `/v1/keys/${id}`, { headers });
  expect(revoked.status).toBeLessThan(300);
}

/** How many of the sockets that a tenant's cell holds are open. */
async function countOpen(tenant: TestTenant): Promise<number> {
  return await runInDurableObject(cellOf(tenant), (_cell, state) => {
    return state.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  });
}

describe("a listener", () => {
  test("gets the limits first, and then ticks that sum up to the usage", async () => {
    const tenant = await newTenant({ limits: { burst: 1_000, rate_per_second: 1 } });
    await deploy(tenant, "m");
    const before = await usageOf(tenant);
    const listener = new TestListener(requireSocket(await openLive(tenant)));
    const hello = await listener.frame();
    expect(hello).toMatchObject({ type: "hello", protocol: 1, in_flight: 0 });
    expect(hello.type === "hello" && hello.limits).toContainEqual({
      name: "inference",
      per: "tenant",
      subject: null,
      limit: 1_000,
      remaining: 1_000,
      unit: null,
      reset_seconds: 0,
    });
    for (const model of ["m", "m", "none"]) await infer(tenant, model);
    expect(await infer(tenant, "m", { inputs: [] })).toBe(400);
    const ticks = await listener.ticksUntilSettled(3);
    expect(before).toMatchObject({ inferences: 0, rejected: 0, refusals: {} });
    expect(await usageOf(tenant)).toMatchObject(usageIn(ticks));
    expect(usageIn(ticks)).toMatchObject({ inferences: 2, rejected: 1, refusals: { "model-not-found": 1 } });
    const last = ticks.at(-1);
    expect(last?.in_flight).toBe(0);
    expect(last?.limits.find(({ name }) => name === "inference")?.remaining).toBeLessThan(1_000);
    expect(sumOf(ticks, (tick) => tick.cost_micro_usd)).toBe(200); // two answers at 100, and the third given back
  });

  test("hears nothing of another tenant", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    for (const each of [tenant, other]) await deploy(each, "m");
    const listener = await listen(tenant);
    const neighbour = await listen(other);
    await infer(other, "m");
    await neighbour.ticksUntilSettled(1);
    expect(listener.unread).toBe(0);
    await infer(tenant, "m");
    expect(sumOf(await listener.ticksUntilSettled(1), (tick) => tick.admitted)).toBe(1);
  });

  test("that may not read usage is refused", async () => {
    const tenant = await newTenant({ scopes: ["models:infer"] });
    await expectProblem(await openLive(tenant), 403, "insufficient-scope");
  });

  test("without an upgrade and without event streams is told how to ask", async () => {
    const tenant = await newTenant();
    for (const headers of [{}, { Accept: "application/json, */*" }, { Upgrade: "h2c" }]) {
      const response = await tenant.call("GET", "/v1/usage/live", { headers });
      expect(response.headers.get("Upgrade")).toBe("websocket");
      expect((await expectProblem(response, 426, "upgrade-required")).detail).toContain("text/event-stream");
    }
  });

  test("beyond the tenant's number is refused until another leaves", async () => {
    const tenant = await newTenant();
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { live_listeners: 2 } } });
    const first = await listen(tenant);
    const second = await listen(tenant);
    const problem = await expectProblem(await openLive(tenant), 429, "quota-exceeded");
    expect(problem["violated-policies"]).toEqual(["live-listeners"]);
    first.socket.close(1000, "enough");
    expect(await first.closed()).toMatchObject({ code: 1000 });
    await listen(tenant);
    expect(second.unread).toBe(0);
  });
});

describe("a browser", () => {
  test("gives the key as a sub-protocol, and gets back the one that is not secret", async () => {
    const tenant = await newTenant();
    const response = await openAsBrowser(["tensorgate.live.v1", `key.${tenant.key}`]);
    expect(response.headers.get("Sec-WebSocket-Protocol")).toBe("tensorgate.live.v1");
    expect(JSON.stringify([...response.headers])).not.toContain(tenant.key);
    expect(await new TestListener(requireSocket(response)).frame()).toMatchObject({ type: "hello" });
  });

  test("is refused with a wrong key, and with a key beside an unknown protocol", async () => {
    const tenant = await newTenant();
    await expectProblem(await openAsBrowser(["tensorgate.live.v1", "key.tg_live_wrong"]), 401, "invalid-key");
    await expectProblem(await openAsBrowser(["other.v1", `key.${tenant.key}`]), 401, "missing-credentials");
  });

  test("can't use a sub-protocol to authenticate anywhere else", async () => {
    const tenant = await newTenant();
    const headers = { "Sec-WebSocket-Protocol": `tensorgate.live.v1, key.${tenant.key}` };
    const response = await tenant.call("GET", "/v1/usage", { headers: { ...headers, Authorization: "" } });
    await expectProblem(response, 401, "missing-credentials");
  });

  test("never finds its key in the log", async () => {
    const tenant = await newTenant();
    const spies = (["log", "info", "warn", "error", "debug"] as const).map((level) => vi.spyOn(console, level));
    await openAsBrowser(["tensorgate.live.v1", `key.${tenant.key}`]);
    await openAsBrowser(["tensorgate.live.v1", `key.${tenant.key}x`]);
    const logged = JSON.stringify(spies.flatMap((spy) => spy.mock.calls));
    for (const spy of spies) spy.mockRestore();
    expect(logged).not.toContain(tenant.key);
  });
});

describe("when the call returns that", () => {
  test("revoked its key, a listener is closed, and others stay", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const stays = { ...tenant, key: await newKey(tenant.id, ["usage:read", "models:infer"]) };
    const other = new TestListener(requireSocket(await openLive(tenant, { Authorization: `Bearer ${stays.key}` })));
    expect(await other.frame()).toMatchObject({ type: "hello" });
    const listener = await listen(tenant);
    expect(await countOpen(tenant)).toBe(2);
    await revokeFirstKey(tenant);
    expect(await countOpen(tenant)).toBe(1);
    expect(await listener.frame()).toEqual({ type: "bye", reason: "revoked-key" });
    expect(await listener.closed()).toEqual({ code: 1008, reason: "revoked-key" });
    await expectProblem(await openLive(tenant), 401, "revoked-key");
    await infer(stays, "m");
    expect(await other.ticksUntilSettled(1)).not.toHaveLength(0);
  });

  test("suspended the tenant, its listeners are closed, and none is let in", async () => {
    const tenant = await newTenant();
    const listener = await listen(tenant);
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    expect(await listener.frame()).toEqual({ type: "bye", reason: "tenant-suspended" });
    expect(await listener.closed()).toEqual({ code: 1008, reason: "tenant-suspended" });
    await expectProblem(await openLive(tenant), 403, "tenant-suspended");
  });

  test("lowered the number of listeners, the youngest leave", async () => {
    const tenant = await newTenant();
    const [first, second] = [await listen(tenant), await listen(tenant)];
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { live_listeners: 1 } } });
    expect(await second.frame()).toEqual({ type: "bye", reason: "quota-exceeded" });
    expect(first.unread).toBe(0);
  });

  test("closed the list of addresses, listeners from elsewhere are closed", async () => {
    const tenant = await newTenant();
    const listenFrom = async (address: string): Promise<TestListener> => {
      const listener = new TestListener(requireSocket(await openLive(tenant, { "CF-Connecting-IP": address })));
      expect(await listener.frame()).toMatchObject({ type: "hello" });
      return listener;
    };
    const [listener] = [await listenFrom("203.0.113.7"), await listenFrom("198.51.100.7")];
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { allowed_ips: ["198.51.100.0/24"] } });
    expect(await listener.frame()).toEqual({ type: "bye", reason: "address-not-allowed" });
    expect(await countOpen(tenant)).toBe(1);
  });
});

describe("Server-Sent Events", () => {
  const openEvents = async (tenant: TestTenant): Promise<Response> =>
    await tenant.call("GET", "/v1/usage/live", { headers: { Accept: "text/event-stream" } });

  test("carry the same frames, and free their place when the reader leaves", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { live_listeners: 1 } } });
    const response = await openEvents(tenant);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/event-stream"]);
    expect(response.headers.get("Cache-Control")).toContain("no-transform");
    const reader = eventsOf(response);
    expect(await reader.next()).toMatchObject({ value: { type: "hello" } });
    await expectProblem(await openEvents(tenant), 429, "quota-exceeded");
    await infer(tenant, "m");
    expect(await reader.next()).toMatchObject({ value: { type: "tick", admitted: 1 } });
    await reader.return(undefined);
    await listen(tenant);
  });

  test("end when the key is revoked", async () => {
    const tenant = await newTenant();
    const reader = eventsOf(await openEvents(tenant));
    await reader.next();
    await revokeFirstKey(tenant);
    expect(await reader.next()).toMatchObject({ value: { type: "bye", reason: "revoked-key" } });
    expect(await reader.next()).toMatchObject({ done: true });
  });

  test("are not opened by a HEAD", async () => {
    const tenant = await newTenant();
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides: { live_listeners: 1 } } });
    const response = await tenant.call("HEAD", "/v1/usage/live", { headers: { Accept: "text/event-stream" } });
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/event-stream"]);
    await listen(tenant);
  });
});

/** The data of each event; leaving the generator leaves the stream. */
async function* eventsOf(response: Response): AsyncGenerator<unknown, void> {
  if (!response.body) throw new Error("The answer has no body.");
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) yield JSON.parse(event.replace("data: ", ""));
  }
}
