import { describe, expect, test } from "vitest";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { cellOf, inferRequest, requireAdmitted } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addModel, addOneRequest, deploy, upload } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { slowIsolates } from "../support/slow-isolates.ts";
import { type CallOptions, type TestTenant, call, callAsOperator, newKey, newTenant } from "../support/tenant.ts";

const INFER = "/v2/models/m/infer";
const NOON = "2026-11-20T12:00:00Z";

interface Policy {
  readonly overrides?: object;
  readonly allowed_ips?: readonly string[];
  readonly status?: "suspended";
}

/** A tenant with a model "m" and this policy. */
async function tenantWith(policy: Policy = {}): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  await change(tenant, policy);
  return tenant;
}

async function change(tenant: TestTenant, policy: Policy): Promise<void> {
  if (Object.keys(policy).length === 0) return;
  const changed = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: policy });
  expect(changed.status).toBe(200);
}

/** One inference, settled before the test goes on. */
async function infer(tenant: TestTenant, options: CallOptions = {}, path = INFER): Promise<Response> {
  return await callToTheEnd(tenant, "POST", path, { json: addOneRequest, ...options });
}

async function ownKey(tenant: TestTenant, wish: object): Promise<string> {
  const json = { name: "own", scopes: ["models:infer", "models:read"], ...wish };
  const made = await tenant.call("POST", "/v1/keys", { json });
  expect(made.status).toBe(201);
  const { key }: { key: string } = await made.json();
  return key;
}

function by(key: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${key}` } };
}
function from(address: string): { headers: Record<string, string> } {
  return { headers: { "CF-Connecting-IP": address } };
}

/** What an answer says of limits. */
function told({ headers }: Response): (string | null)[] {
  return ["RateLimit-Policy", "RateLimit", "Retry-After"].map((name) => headers.get(name));
}

async function expectExhausted(response: Response, policies: string[], headers: (string | null)[]): Promise<void> {
  expect(told(response)).toEqual(headers);
  const problem = await expectProblem(response, 429, "quota-exceeded");
  expect(problem["violated-policies"]).toEqual(policies);
}

describe("an inference is refused for its caller:", () => {
  test("an unknown key is 401 and challenged", async () => {
    const tenant = await tenantWith();
    const response = await infer(tenant, by(newApiKey(tenant.id, "live")));
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
    await expectProblem(response, 401, "invalid-key");
  });

  test("a revoked key is 401 and challenged", async () => {
    const tenant = await tenantWith();
    const made = await tenant.call("POST", "/v1/keys", { json: { name: "k", scopes: ["models:infer"] } });
    const { id, key }: { id: string; key: string } = await made.json();
    await tenant.call("DELETE", `/v1/keys/${id}`);
    const response = await infer(tenant, by(key));
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
    await expectProblem(response, 401, "revoked-key");
  });

  test("a key of before its tenant's credentials were voided is 401 and challenged", async () => {
    await withStoppedClock(NOON, async (clock) => {
      const tenant = await tenantWith();
      clock.advanceMs(1);
      await callAsOperator("POST", `/admin/tenants/${tenant.id}/credentials/revoke`);
      const response = await infer(tenant);
      expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
      await expectProblem(response, 401, "credential-void");
    });
  });

  test("a suspended tenant is 403, and may read", async () => {
    const tenant = await tenantWith({ status: "suspended" });
    await expectProblem(await infer(tenant), 403, "tenant-suspended");
    expect((await tenant.call("GET", "/v1/models")).status).toBe(200);
  });

  test("a missing scope is 403, and the challenge names it", async () => {
    const tenant = await tenantWith();
    const response = await infer(tenant, by(await newKey(tenant.id, ["models:read"])));
    const challenge = 'Bearer realm="tensorgate", error="insufficient_scope", scope="models:infer"';
    expect(response.headers.get("WWW-Authenticate")).toBe(challenge);
    const problem = await expectProblem(response, 403, "insufficient-scope");
    expect(problem).toMatchObject({ required_any_of: ["models:infer"], held: ["models:read"] });
  });
});

describe("an address is refused with 403", () => {
  test("that is not on the tenant's list, for inference and everything else", async () => {
    const tenant = await tenantWith({ allowed_ips: ["203.0.113.0/24", "2001:db8::/32"] });
    for (const address of ["198.51.100.1", "2001:db9::1", "::ffff:198.51.100.1", "nonsense"]) {
      const problem = await expectProblem(await infer(tenant, from(address)), 403, "address-not-allowed");
      expect(problem["address"]).toBe(address);
      await expectProblem(await tenant.call("GET", "/v1/models", from(address)), 403, "address-not-allowed");
    }
    await expectProblem(await infer(tenant), 403, "address-not-allowed");
    for (const address of ["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7"]) {
      expect((await infer(tenant, from(address))).status, address).toBe(200);
    }
  });

  test("that is not on the key's list, or not on both lists where there are two", async () => {
    const tenant = await tenantWith();
    const key = await ownKey(tenant, { allowed_ips: ["203.0.113.7"] });
    const calling = (address: string) => ({ headers: { ...by(key).headers, ...from(address).headers } });
    expect((await infer(tenant, calling("203.0.113.7"))).status).toBe(200);
    await expectProblem(await infer(tenant, calling("203.0.113.8")), 403, "address-not-allowed");
    expect((await infer(tenant, from("203.0.113.8"))).status).toBe(200);
    await change(tenant, { allowed_ips: ["203.0.113.8"] });
    await expectProblem(await infer(tenant, calling("203.0.113.7")), 403, "address-not-allowed");
    await expectProblem(await infer(tenant, calling("203.0.113.8")), 403, "address-not-allowed");
  });
});

describe("an inference is refused for what it asks for:", () => {
  test("a model that is not there, and one that is unloaded, are 404 and named", async () => {
    const tenant = await tenantWith();
    const missing = await infer(tenant, {}, "/v2/models/none/infer");
    expect(await expectProblem(missing, 404, "model-not-found")).toMatchObject({ model: "none" });
    await tenant.call("POST", "/v2/repository/models/m/unload");
    expect(await expectProblem(await infer(tenant), 404, "model-unloaded")).toMatchObject({ model: "m" });
  });

  test("a version that is not there is 404, a retired one 410, and both are named", async () => {
    const tenant = await tenantWith();
    const missing = await infer(tenant, {}, "/v2/models/m/versions/2/infer");
    expect(await expectProblem(missing, 404, "version-not-found")).toMatchObject({ model: "m", version: "2" });
    await upload(tenant, "m", addModel(2));
    await tenant.call("PUT", "/v1/models/m/aliases/production", { json: { version: 2 } });
    expect((await tenant.call("POST", "/v1/models/m/versions/1/retire")).status).toBe(200);
    const retired = await infer(tenant, {}, "/v2/models/m/versions/1/infer");
    expect(await expectProblem(retired, 410, "version-retired")).toMatchObject({ model: "m", version: "1" });
  });
});

describe("a limit that is exhausted is 429, named and told:", () => {
  const bucket = { endpoint: "infer", burst: 1, rate_per_second: 1 } as const;

  test("a bucket per key, which another key does not draw from", async () => {
    await withStoppedClock(NOON, async () => {
      const tenant = await tenantWith({ overrides: { rates: [{ ...bucket, name: "each-key", per: "key" }] } });
      expect((await infer(tenant)).status).toBe(200);
      await expectExhausted(await infer(tenant), ["each-key"], ['"each-key";q=1;w=1', '"each-key";r=0;t=1', "1"]);
      expect((await infer(tenant, by(await newKey(tenant.id, ["models:infer"])))).status).toBe(200);
    });
  });

  test("a bucket per model, which another model does not draw from", async () => {
    await withStoppedClock(NOON, async () => {
      const tenant = await tenantWith({ overrides: { rates: [{ ...bucket, name: "each-model", per: "model" }] } });
      await deploy(tenant, "other");
      expect((await infer(tenant)).status).toBe(200);
      const exhausted = ['"each-model";q=1;w=1', '"each-model";r=0;t=1', "1"];
      await expectExhausted(await infer(tenant), ["each-model"], exhausted);
      expect((await infer(tenant, {}, "/v2/models/other/infer")).status).toBe(200);
    });
  });

  test("a bucket of a key's own, beside the tenant's", async () => {
    await withStoppedClock(NOON, async () => {
      const tenant = await tenantWith();
      const own = { endpoint: "infer", name: "inference", burst: 1, rate_per_second: 1 };
      const key = await ownKey(tenant, { limits: { rates: [own] } });
      expect((await infer(tenant, by(key))).status).toBe(200);
      await expectExhausted(
        await infer(tenant, by(key)),
        ["inference"],
        ['"inference";q=1;w=1', '"inference";r=0;t=1', "1"],
      );
      expect((await infer(tenant)).status).toBe(200);
    });
  });

  test("a class of routes: reads, writes, the handling of keys and inferences have buckets of their own", async () => {
    await withStoppedClock(NOON, async () => {
      const once = { per: "tenant", burst: 1, rate_per_second: 1 };
      const tenant = await tenantWith({
        overrides: {
          rates: [
            { ...once, name: "read", endpoint: "read" },
            { ...once, name: "write", endpoint: "write" },
            { ...once, name: "admin", endpoint: "admin" },
          ],
        },
      });
      expect((await tenant.call("GET", "/v1/models")).status).toBe(200);
      const read = await tenant.call("GET", "/v1/models");
      await expectExhausted(read, ["read"], ['"read";q=1;w=1', '"read";r=0;t=1', "1"]);
      expect((await tenant.call("POST", "/v1/models", { json: { name: "new" } })).status).toBe(201);
      const write = await tenant.call("POST", "/v1/models", { json: { name: "newer" } });
      await expectExhausted(write, ["write"], ['"write";q=1;w=1', '"write";r=0;t=1', "1"]);
      expect((await tenant.call("GET", "/v1/keys")).status).toBe(200);
      const admin = await tenant.call("GET", "/v1/keys");
      await expectExhausted(admin, ["admin"], ['"admin";q=1;w=1', '"admin";r=0;t=1', "1"]);
      expect((await infer(tenant)).status).toBe(200);
    });
  });

  const BODY_BYTES = JSON.stringify(addOneRequest).length;
  test.each([
    ["inferences", 1, '"q";q=1;w=3600'],
    ["requests", 1, '"q";q=1;w=3600'],
    ["bytes_in", BODY_BYTES, `"q";q=${BODY_BYTES};qu="content-bytes";w=3600`],
    ["bytes_out", 1, '"q";q=1;qu="response-bytes";w=3600'],
    ["micro_usd", 100, '"q";q=100;qu="micro-usd";w=3600'],
  ])("a quota of %s, until its window ends", async (unit, limit, policy) => {
    await withStoppedClock("2026-11-20T12:59:58Z", async (clock) => {
      const quota = { name: "q", per: "tenant", unit, window: "hour", limit };
      const tenant = await tenantWith({ overrides: { quotas: [quota] } });
      expect((await infer(tenant)).status).toBe(200);
      await expectExhausted(await infer(tenant), ["q"], [policy, '"q";r=0;t=2', "2"]);
      clock.advanceMs(2_000);
      expect((await infer(tenant)).status).toBe(200);
    });
  });

  test("a quota of compute time", async () => {
    await withStoppedClock("2026-11-20T12:59:58Z", async () => {
      const quota = { name: "q", per: "tenant", unit: "compute_ms", window: "hour", limit: 0 };
      const tenant = await tenantWith({ overrides: { quotas: [quota] } });
      const headers = ['"q";q=0;qu="compute-ms";w=3600', '"q";r=0;t=2', "2"];
      await expectExhausted(await infer(tenant), ["q"], headers);
    });
  });

  test("several at once are all named, and the longest wait is told", async () => {
    await withStoppedClock("2026-11-20T12:59:58Z", async () => {
      const quotas = [
        { name: "day", per: "tenant", unit: "inferences", window: "day", limit: 0 },
        { name: "hour", per: "tenant", unit: "inferences", window: "hour", limit: 0 },
      ];
      const tenant = await tenantWith({ overrides: { quotas } });
      // 11 h and 2 s to midnight
      await expectExhausted(await infer(tenant), ["day", "hour"], ['"day";q=0;w=86400', '"day";r=0;t=39602', "39602"]);
    });
  });

  test("one for all time tells no moment to come back at", async () => {
    const quota = { name: "trial", per: "tenant", unit: "inferences", window: "ever", limit: 0 };
    const tenant = await tenantWith({ overrides: { quotas: [quota] } });
    await expectExhausted(await infer(tenant), ["trial"], ['"trial";q=0', '"trial";r=0', null]);
  });

  test("a hard spend cap, until the billing period ends", async () => {
    await withStoppedClock(NOON, async () => {
      const tenant = await tenantWith({ overrides: { spend_cap: { micro_usd: 150 } } });
      expect((await infer(tenant)).status).toBe(200); // 100 of 150
      // 10.5 days to December
      const told429 = ['"spend-cap";q=150;qu="micro-usd";w=2592000', '"spend-cap";r=50;t=907200', "907200"];
      await expectExhausted(await infer(tenant), ["spend-cap"], told429);
    });
  });
});

test("a soft spend cap refuses nothing", async () => {
  const tenant = await tenantWith({ overrides: { spend_cap: { micro_usd: 0, mode: "soft" } } });
  expect((await infer(tenant)).status).toBe(200);
});

test("concurrency that is exhausted is 429, and is free again when the run ends", async () => {
  const tenant = await tenantWith({ overrides: { concurrency: [{ name: "at-once", per: "tenant", limit: 1 }] } });
  const { loader, reached, release } = slowIsolates();
  const first = callToTheEnd(tenant, "POST", INFER, { json: addOneRequest, bindings: { LOADER: loader } });
  await reached;
  const headers = ['"at-once";q=1;qu="concurrent-requests"', '"at-once";r=0;t=1', "1"];
  await expectExhausted(await infer(tenant), ["at-once"], headers);
  release();
  expect((await first).status).toBe(200);
  expect((await infer(tenant)).status).toBe(200);
});

test("concurrency that the dead hold is free again when their lease is over", async () => {
  await withStoppedClock(NOON, async (clock) => {
    const tenant = await tenantWith({ overrides: { concurrency: [{ name: "at-once", per: "tenant", limit: 1 }] } });
    // Admitted, and never settled: its Worker died.
    requireAdmitted((await cellOf(tenant).admit([inferRequest(tenant, "m")]))[0]);
    clock.advanceMs(59_999); // a run may take 10 s; 50 s are for all around it
    expect((await infer(tenant)).status).toBe(429);
    clock.advanceMs(1);
    expect((await infer(tenant)).status).toBe(200);
  });
});

test("prepaid credit that is used up is 402, with no moment to come back at", async () => {
  const tenant = await tenantWith({ overrides: { prepaid: true } });
  const response = await infer(tenant);
  expect(told(response)).toEqual([null, null, null]);
  const problem = await expectProblem(response, 402, "credits-exhausted");
  expect(problem["violated-policies"]).toEqual(["credits"]);
});

test("a refusal takes nothing: who was refused by one limit has all that there was of the others", async () => {
  await withStoppedClock(NOON, async () => {
    const quotas = [
      { name: "closed", per: "tenant", unit: "inferences", window: "hour", limit: 0 },
      { name: "open", per: "tenant", unit: "inferences", window: "hour", limit: 1 },
    ];
    const tenant = await tenantWith({ overrides: { quotas } });
    for (let attempt = 0; attempt < 3; attempt++) expect((await infer(tenant)).status).toBe(429);
    await change(tenant, { overrides: { quotas: quotas.slice(1) } });
    expect((await infer(tenant)).status).toBe(200);
    expect((await infer(tenant)).status).toBe(429);
  });
});

test("a caller without a key is asked for one", async () => {
  const response = await call("POST", INFER, { json: addOneRequest });
  expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate"');
  await expectProblem(response, 401, "missing-credentials");
});
