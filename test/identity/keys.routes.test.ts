import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { parseApiKey } from "../../src/identity/keys.rules.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, call, newTenant } from "../support/tenant.ts";

type Key = {
  id: string;
  name: string;
  mode: string;
  scopes: string[];
  last_four: string;
  created_at: string;
  revoked_at: string | null;
};

async function make(tenant: TestTenant, wish: object = {}): Promise<Key & { key: string }> {
  const made = await tenant.call("POST", "/v1/keys", { json: { name: "a key", scopes: ["models:infer"], ...wish } });
  expect(made.status).toBe(201);
  return await made.json();
}

async function list(tenant: TestTenant, query = {}): Promise<{ data: Key[]; next: string | null }> {
  return await (await tenant.call("GET", `/v1/keys?${new URLSearchParams(query).toString()}`)).json();
}

describe("making a key", () => {
  test("shows the key this once, and works at once with its scopes", async () => {
    const tenant = await newTenant();
    const made = await make(tenant, { name: "  checkout  ", scopes: ["models:read", "models:read"] });
    expect(made).toMatchObject({ name: "checkout", mode: "live", scopes: ["models:read"], revoked_at: null });
    expect(made.last_four).toBe(made.key.slice(-4));
    expect(parseApiKey(made.key)).toEqual({ mode: "live", tenantId: tenant.id });
    const headers = { Authorization: `Bearer ${made.key}` };
    expect((await call("GET", "/v1/models", { headers })).status).toBe(200);
    const { key, ...rest } = made;
    const { data } = await list(tenant);
    expect(data).toContainEqual({ ...rest, last_used_at: expect.any(String) });
    expect(JSON.stringify(data)).not.toContain(key);
  });

  test("can make one for testing, which says so", async () => {
    const made = await make(await newTenant(), { mode: "test" });
    expect(made.mode).toBe("test");
    expect(made.key).toMatch(/^tg_test_/);
  });

  test("keeps the key's SHA-256 and no more of it than its last four characters", async () => {
    const tenant = await newTenant();
    const { id, key } = await make(tenant);
    const row = await env.DB.prepare("SELECT * FROM api_keys WHERE id = ?").bind(id).first();
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    expect(row?.["hash"]).toBe(Buffer.from(digest).toString("base64url"));
    const secret = key.slice(34, 66); // after `tg_live_` (8) and the tenant's id (26): the 32 random characters
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  test("grants no scope that the maker's own key lacks, and then makes nothing", async () => {
    const tenant = await newTenant({ scopes: ["keys:read", "keys:write", "models:infer"] });
    const wish = { name: "escalation", scopes: ["models:infer", "models:write", "usage:read"] };
    const problem = await expectProblem(
      await tenant.call("POST", "/v1/keys", { json: wish }),
      403,
      "insufficient-scope",
    );
    expect(problem).toMatchObject({
      required: ["models:write", "usage:read"],
      held: ["keys:read", "keys:write", "models:infer"],
    });
    expect((await list(tenant)).data).toHaveLength(1);
  });

  test.each([
    [{ name: "", scopes: ["models:infer"] }, "name"],
    [{ name: "   ", scopes: ["models:infer"] }, "name"],
    [{ name: "x".repeat(101), scopes: ["models:infer"] }, "name"],
    [{ scopes: ["models:infer"] }, "name"],
    [{ name: "k", scopes: [] }, "scopes"],
    [{ name: "k", scopes: ["admin"] }, "scopes.0"],
    [{ name: "k" }, "scopes"],
    [{ name: "k", scopes: ["models:infer"], mode: "production" }, "mode"],
  ])("refuses %j and names %s", async (wish, field) => {
    const tenant = await newTenant();
    const problem = await expectProblem(await tenant.call("POST", "/v1/keys", { json: wish }), 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
  });
});

describe("revoking a key", () => {
  test("is 204, also when repeated, and the time of the first revocation stays", async () => {
    const tenant = await newTenant();
    const { id } = await make(tenant);
    expect((await tenant.call("DELETE", `/v1/keys/${id}`)).status).toBe(204);
    const revokedAt = (await list(tenant)).data.find((key) => key.id === id)?.revoked_at;
    expect(revokedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await tenant.call("DELETE", `/v1/keys/${id}`)).status).toBe(204);
    expect((await list(tenant)).data.find((key) => key.id === id)?.revoked_at).toBe(revokedAt);
  });

  test("of a key that is not the tenant's own, or none, is 404 and touches nothing", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const { id, key } = await make(other, { scopes: ["models:read"] });
    for (const wanted of [id, "key_00000000000000000000000000", "nonsense", `mdl_${id.slice(4)}`]) {
      await expectProblem(await tenant.call("DELETE", `/v1/keys/${wanted}`), 404, "key-not-found");
    }
    expect((await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${key}` } })).status).toBe(200);
  });

  test("may be done by the very key", async () => {
    const tenant = await newTenant();
    const own = (await list(tenant)).data[0]?.id ?? "";
    expect((await tenant.call("DELETE", `/v1/keys/${own}`)).status).toBe(204);
    await expectProblem(await tenant.call("GET", "/v1/keys"), 401, "revoked-key");
  });
});

describe("listing keys", () => {
  test("goes through all of them once, oldest first, in pages", async () => {
    const tenant = await newTenant();
    const made = [(await list(tenant)).data[0]?.id ?? ""];
    for (let i = 0; i < 4; i++) made.push((await make(tenant, { name: `key ${i}` })).id);
    const first = await list(tenant, { limit: "2" });
    const second = await list(tenant, { limit: "2", after: first.next });
    const third = await list(tenant, { limit: "2", after: second.next });
    expect([first, second, third].map(({ data }) => data.length)).toEqual([2, 2, 1]);
    expect(third.next).toBeNull();
    const listed = [first, second, third].flatMap(({ data }) => data.map(({ id }) => id));
    expect(listed.toSorted()).toEqual(made.toSorted());
    expect(listed).toEqual(listed.toSorted());
  });

  test("has no next page when the last one is full", async () => {
    const tenant = await newTenant();
    await make(tenant);
    expect(await list(tenant, { limit: "2" })).toMatchObject({ data: [{}, {}], next: null });
  });

  test("shows no other tenant's keys, whatever the cursor", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const foreign = await make(other);
    const own = (await list(tenant)).data.map(({ id }) => id);
    const seen = (await list(tenant, { after: "key_" })).data.map(({ id }) => id);
    expect(seen).toEqual(own);
    expect(seen).not.toContain(foreign.id);
  });

  test.each(["limit=0", "limit=101", "limit=1.5", "limit=many"])("refuses %s and names limit", async (query) => {
    const tenant = await newTenant();
    const problem = await expectProblem(await tenant.call("GET", `/v1/keys?${query}`), 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field: "limit", message: expect.any(String) }]);
  });
});
