import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { call, callAsOperator, newKey, newTenant } from "../support/tenant.ts";

type Tenant = {
  id: string;
  name: string;
  status: string;
  limits: Record<string, number>;
  created_at: string;
};

const UNKNOWN = ["ten_00000000000000000000000000", "ten_x", "nonsense"];

const ACME = { name: "Acme" };

async function register(json: object = ACME): Promise<Tenant> {
  const created = await callAsOperator("POST", "/admin/tenants", { json });
  expect(created.status).toBe(201);
  return await created.json();
}

async function read(id: string): Promise<Tenant> {
  return await (await callAsOperator("GET", `/admin/tenants/${id}`)).json();
}

describe("registering a tenant", () => {
  test("gives it an id, the name, the limits that nobody changed, and makes it active", async () => {
    const tenant = await register({ name: "  Acme  " });
    expect(tenant).toEqual({
      id: expect.stringMatching(/^ten_[0-7][0-9a-z]{25}$/),
      name: "Acme",
      status: "active",
      limits: {
        burst: 200,
        rate_per_second: 100,
        models: 100,
        versions_per_model: 50,
        stored_bytes: 10_737_418_240, // 10 · 1024 · 1024 · 1024
        run_ms: 10_000,
      },
      plan: "standard",
      overrides: { rates: [], quotas: [], concurrency: [], without: [], spend_cap: null, prices: {} },
      allowed_ips: null,
      allowed_origins: [],
      billing_anchor: "1970-01-01T00:00:00.000Z",
      location_hint: null,
      jurisdiction: null,
      parent_id: null,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(await read(tenant.id)).toEqual(tenant);
  });

  test("takes limits of its own", async () => {
    const limits = {
      burst: 1,
      rate_per_second: 1_000_000,
      models: 1,
      versions_per_model: 2,
      stored_bytes: 3,
      run_ms: 4,
    };
    const tenant = await register({ name: "Acme", limits });
    expect(tenant.limits).toEqual(limits);
    expect(await read(tenant.id)).toEqual(tenant);
  });

  test("takes some limits and gives it the defaults of the others", async () => {
    const { limits } = await register();
    expect((await register({ name: "Acme", limits: { run_ms: 300_000 } })).limits).toEqual({
      ...limits,
      run_ms: 300_000,
    });
  });

  test("may be repeated: names are no ids", async () => {
    const [one, other] = [await register(), await register()];
    expect(one.id).not.toBe(other.id);
  });

  test.each([
    [{}, "name"],
    [{ name: "" }, "name"],
    [{ name: "x".repeat(101) }, "name"],
    [{ name: "a", limits: { burst: 0, rate_per_second: 1 } }, "limits.burst"],
    [{ name: "a", limits: { burst: 1.5, rate_per_second: 1 } }, "limits.burst"],
    [{ name: "a", limits: { burst: 1, rate_per_second: 1_000_001 } }, "limits.rate_per_second"],
    [{ name: "a", limits: { models: 0 } }, "limits.models"],
    [{ name: "a", limits: { versions_per_model: "1" } }, "limits.versions_per_model"],
    [{ name: "a", limits: { stored_bytes: 2 ** 53 } }, "limits.stored_bytes"],
    [{ name: "a", limits: { run_ms: 300_001 } }, "limits.run_ms"],
    [{ name: "a", limits: { burst: 1, rate_per_second: 1, w: 1 } }, "limits"],
    [{ name: "a", status: "suspended" }, "body"],
  ])("with %j is refused and names %s", async (json, field) => {
    const response = await callAsOperator("POST", "/admin/tenants", { json });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
  });
});

describe("listing tenants", () => {
  test("goes through them in the order of their making, in pages", async () => {
    const made: string[] = [];
    for (let i = 0; i < 3; i++) made.push((await register()).id);
    const listed: string[] = [];
    let after: string | null = `ten_${made[0]?.slice(4, 14) ?? ""}${"0".repeat(16)}`; // the lowest id of that millisecond
    while (after !== null) {
      const response = await callAsOperator("GET", `/admin/tenants?limit=2&after=${after}`);
      const page: { data: Tenant[]; next: string | null } = await response.json();
      expect(page.data.length).toBeLessThanOrEqual(2);
      listed.push(...page.data.map(({ id }) => id));
      after = page.next;
    }
    expect(listed).toEqual(expect.arrayContaining(made));
    expect(listed).toEqual([...new Set(listed)].toSorted());
  });
});

describe("changing a tenant", () => {
  test("changes what is given and leaves the rest", async () => {
    const tenant = await register({ name: "Acme", limits: { burst: 5, rate_per_second: 6 } });
    const changed = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { name: "Acme Ltd" } });
    expect(changed.status).toBe(200);
    expect(await changed.json()).toEqual({ ...tenant, name: "Acme Ltd" });
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { limits: { models: 7 } } });
    const limits = { ...tenant.limits, models: 7 };
    expect(await read(tenant.id)).toEqual({ ...tenant, name: "Acme Ltd", status: "suspended", limits });
  });

  test.each([
    [{}, "body"],
    [{ status: "deleted" }, "status"],
    [{ name: " " }, "name"],
    [{ limits: {} }, "limits"],
    [{ limits: { burst: 0 } }, "limits.burst"],
  ])("with %j is refused and names %s", async (json, field) => {
    const tenant = await register();
    const response = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json });
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
    expect(await read(tenant.id)).toEqual(tenant);
  });

  test("of one tenant leaves the others alone", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    await deploy(other, "m");
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    expect((await other.call("POST", "/v2/models/m/infer", { json: addOneRequest })).status).toBe(200);
  });
});

describe("a tenant that does not exist", () => {
  test.each(UNKNOWN)("is 404 as %s, to read, to change and to make a key for", async (id) => {
    const wish = { name: "k", scopes: ["models:infer"] };
    for (const response of [
      await callAsOperator("GET", `/admin/tenants/${id}`),
      await callAsOperator("PATCH", `/admin/tenants/${id}`, { json: { name: "x" } }),
      await callAsOperator("POST", `/admin/tenants/${id}/keys`, { json: wish }),
    ]) {
      await expectProblem(response, 404, "tenant-not-found");
    }
  });
});

describe("a tenant's first key", () => {
  test("is made by the operator, with any scopes, and works at once", async () => {
    const tenant = await register();
    const json = { name: "first", scopes: ["keys:read", "models:read"], mode: "test" };
    const made = await callAsOperator("POST", `/admin/tenants/${tenant.id}/keys`, { json });
    expect(made.status).toBe(201);
    const key: { key: string; scopes: string[]; mode: string } = await made.json();
    expect(key).toMatchObject({ scopes: json.scopes, mode: "test" });
    expect((await call("GET", "/v1/keys", { headers: { Authorization: `Bearer ${key.key}` } })).status).toBe(200);
  });

  test("does not let the tenant grant itself more", async () => {
    const tenant = await newTenant({ scopes: ["keys:write"] });
    const wish = { name: "more", scopes: ["models:write"] };
    await expectProblem(await tenant.call("POST", "/v1/keys", { json: wish }), 403, "insufficient-scope");
    const key = await newKey(tenant.id, ["models:write"]);
    expect(key).toMatch(/^tg_live_/);
  });
});

describe("the operator's token", () => {
  test.each([
    ["one character less", (token: string) => token.slice(0, -1)],
    ["one character more", (token: string) => `${token}x`],
    ["another case", (token: string) => token.toUpperCase()],
    ["something else", () => "operator"],
  ])("is refused with %s", async (_what, mistype) => {
    const headers = { Authorization: `Bearer ${mistype(env.ADMIN_TOKEN)}` };
    const response = await call("GET", "/admin/tenants", { headers });
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
    await expectProblem(response, 401, "invalid-key");
  });
});
