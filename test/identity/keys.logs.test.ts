import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { cellsWithout, replaced } from "../support/faulty.ts";
import { type MadeKey, bearer, makeKey, rotate, use } from "../support/keys.ts";
import { TestReporter } from "../support/reporter.ts";
import { type TestTenant, call, newTenant } from "../support/tenant.ts";

const CONSOLE = ["debug", "error", "info", "log", "trace", "warn"] as const;

/** Everything that was written to the log meanwhile, as JSON. */
async function loggedBy(run: () => Promise<void>): Promise<string> {
  const spies = CONSOLE.map((method) => vi.spyOn(console, method).mockImplementation(() => undefined));
  try {
    await run();
    return JSON.stringify(spies.flatMap(({ mock }) => mock.calls));
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The registry as it is, but that nothing can be read from it or written to it. */
function brokenRegistry(): D1Database {
  return replaced(env.DB, "prepare", () => {
    throw new Error("D1 can't be reached.");
  });
}

/** Let a key be refused in every way there is, and fail on our side. */
async function misuse(tenant: TestTenant, { id, key }: MadeKey): Promise<void> {
  const options = bearer(key);
  const mistyped = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  await use(key);
  await use(mistyped);
  await call("POST", "/v1/models", options); // lacks the scope
  await call("GET", `/v1/models/${key}`, options);
  await call("GET", `/v1/keys/${key}?key=${key}`, options);
  await call("POST", "/v1/keys", { ...options, json: { name: "k", scopes: [key] } });
  await call("GET", "/v1/usage/live", { headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": `key.${key}` } });
  const withKey = { ...tenant, key };
  await callToTheEnd(withKey, "GET", "/v1/models", { bindings: { DB: brokenRegistry() } });
  const TENANT_CELL = cellsWithout("refresh");
  await callToTheEnd(tenant, "PATCH", `/v1/keys/${id}`, { json: { name: "n" }, bindings: { TENANT_CELL } });
  await callToTheEnd(tenant, "POST", "/v1/keys", {
    json: { name: "n", scopes: ["models:read"] },
    bindings: { TENANT_CELL },
  });
}

/** Report a key as leaked, to a deployment of which a part fails. */
async function leak(tenant: TestTenant, key: string, bindings: Partial<Env>): Promise<Response> {
  const reporter = await TestReporter.make();
  const trusting = { SECRET_SCANNING_KEYS: JSON.stringify(reporter.published), ...bindings };
  const report = await reporter.report(JSON.stringify([{ token: key, type: "t", url: `https://example.com/${key}` }]));
  return await callToTheEnd(tenant, "POST", "/secret-scanning/alerts", {
    ...report,
    bindings: trusting as Partial<Env>,
  });
}

test("a key is in no log line, whether it is made, used, refused, rotated, leaked or met by a fault", async () => {
  const made: MadeKey[] = [];
  const log = await loggedBy(async () => {
    const tenant = await newTenant();
    const first = await makeKey(tenant.key);
    const second = await rotate(tenant.key, first.id);
    made.push(first, second);
    for (const key of made) await misuse(tenant, key);
    expect((await leak(tenant, first.key, { TENANT_CELL: cellsWithout("refuseBefore") })).status).toBe(500);
    expect((await leak(tenant, first.key, { DB: brokenRegistry() })).status).toBe(500);
    expect((await leak(tenant, second.key, {})).status).toBe(200);
    await use(second.key);
  });
  expect(log).toContain("can't be reached"); // the faults were logged
  expect(made).toHaveLength(2);
  for (const { key } of made) {
    expect(log).not.toContain(key);
    // after `tg_live_` (8) and the tenant's id (26): the 32 random characters
    expect(log).not.toContain(key.slice(34, 66));
  }
});
