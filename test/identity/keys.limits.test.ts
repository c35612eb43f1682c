import { describe, expect, test } from "vitest";
import { expectProblem } from "../support/problem.ts";
import { callAsOperator, newTenant } from "../support/tenant.ts";

const wish = { name: "a key", scopes: ["models:infer"] };
const rate = { name: "fast", endpoint: "infer", burst: 2, rate_per_second: 1 };
const quota = { name: "much", unit: "inferences", window: "day", limit: 5 };
const concurrency = { name: "at-once", limit: 3 };

describe("a key's own limits and addresses", () => {
  test("are kept and shown, and count per key", async () => {
    const tenant = await newTenant();
    const limits = { rates: [rate], quotas: [quota], concurrency: [concurrency] };
    const allowedIps = ["203.0.113.0/24", "2001:db8::1"];
    const made = await tenant.call("POST", "/v1/keys", { json: { ...wish, limits, allowed_ips: allowedIps } });
    expect(made.status).toBe(201);
    const shown = {
      allowed_ips: allowedIps,
      limits: {
        rates: [{ ...rate, per: "key" }],
        quotas: [{ ...quota, per: "key", soft: false }],
        concurrency: [{ ...concurrency, per: "key" }],
      },
    };
    const { id, ...rest }: { id: string } = await made.json();
    expect(rest).toMatchObject(shown);
    const { data }: { data: { id: string }[] } = await (await tenant.call("GET", "/v1/keys")).json();
    expect(data.find((key) => key.id === id)).toMatchObject(shown);
  });

  test("are none where none are given", async () => {
    const made = await (await newTenant()).call("POST", "/v1/keys", { json: wish });
    expect(await made.json()).toMatchObject({ limits: null, allowed_ips: null });
  });

  test.each([
    ["limits.rates.0.per", { limits: { rates: [{ ...rate, per: "tenant" }] } }],
    ["limits.quotas.0.per", { limits: { quotas: [{ ...quota, per: "model" }] } }],
    ["limits.rates.0.burst", { limits: { rates: [{ ...rate, burst: 0 }] } }],
    ["limits.quotas.0.limit", { limits: { quotas: [{ ...quota, limit: -1 }] } }],
    ["limits.quotas.0.limit", { limits: { quotas: [{ ...quota, limit: 1_000_000_000_000_000 }] } }],
    ["limits.quotas.0.name", { limits: { quotas: [{ ...quota, name: "two words" }] } }],
    ["limits", { limits: { rates: [rate], quotas: [{ ...quota, name: "fast" }] } }],
    ["limits", { limits: { quotas: [{ ...quota, name: "credits" }] } }],
    ["limits", { limits: { quotas: [{ ...quota, name: "spend-cap" }] } }],
    ["limits.rates", { limits: { rates: Array.from({ length: 21 }, (_, n) => ({ ...rate, name: `fast-${n}` })) } }],
    ["allowed_ips", { allowed_ips: [] }],
    ["allowed_ips.0", { allowed_ips: ["010.0.0.1"] }],
    ["allowed_ips.1", { allowed_ips: ["203.0.113.7", "203.0.113.0/33"] }],
  ])("that are wrong at %s are refused: %j", async (field, wrong) => {
    const response = await (await newTenant()).call("POST", "/v1/keys", { json: { ...wish, ...wrong } });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
  });
});

test.each(["credits", "spend-cap"])("a tenant's limit can't be named %s either", async (name) => {
  const tenant = await newTenant();
  const json = { overrides: { quotas: [{ ...quota, per: "tenant", name }] } };
  const response = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json });
  const problem = await expectProblem(response, 400, "invalid-request");
  expect(problem["errors"]).toEqual([{ field: "overrides", message: `The name "${name}" is ours.` }]);
});
