import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { bearer, makeKey, readKey, use } from "../support/keys.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

const limits = {
  rates: [{ name: "fast", per: "key", endpoint: "read", burst: 1, rate_per_second: 1 }],
  quotas: [],
  concurrency: [],
};

describe("changing a key", () => {
  test("changes what is given, keeps the rest, and holds for the next request", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async () => {
      const tenant = await newTenant();
      const { id, key, ...before } = await makeKey(tenant.key, { name: "old" });
      const change = { name: "new", limits, expires_at: "2026-12-01T00:00:00+02:00" };
      const changed = await tenant.call("PATCH", `/v1/keys/${id}`, { json: change });
      const expected = { ...before, id, ...change, expires_at: "2026-11-30T22:00:00.000Z" };
      expect([changed.status, await changed.json()]).toEqual([200, expected]);
      expect(await readKey(tenant.key, id)).toEqual(expected);
      expect([(await use(key)).status, (await use(key)).status]).toEqual([200, 429]);
      await tenant.call("PATCH", `/v1/keys/${id}`, { json: { limits: null } });
      expect((await use(key)).status).toBe(200);
    });
  });

  test("records who did it, and what was before and after, as far as it differs", async () => {
    const tenant = await newTenant();
    const { id } = await makeKey(tenant.key, { name: "old", expires_at: "2030-01-01T00:00:00.000Z" });
    const json = { name: "new", scopes: ["models:read"], expires_at: null };
    await tenant.call("PATCH", `/v1/keys/${id}`, { json });
    const statement = "SELECT actor_kind, before, after FROM audit_events WHERE target_id = ? AND act = 'key.changed'";
    const recorded = await env.DB.prepare(statement).bind(id).all();
    expect(recorded.results).toEqual([
      {
        actor_kind: "key",
        before: JSON.stringify({ name: "old", expires_at: "2030-01-01T00:00:00.000Z" }),
        after: JSON.stringify({ name: "new", expires_at: null }),
      },
    ]);
  });

  test("gives it scopes and models that it has or the caller has, and no others", async () => {
    const tenant = await newTenant();
    const wish = { scopes: ["models:read", "usage:read"], models: ["a", "b"] };
    const { id } = await makeKey(tenant.key, wish);
    const caller = await makeKey(tenant.key, { scopes: ["keys:write", "models:infer"], models: ["c"] });
    const patch = async (json: object) => await call("PATCH", `/v1/keys/${id}`, { ...bearer(caller.key), json });
    const { required } = await expectProblem(await patch({ scopes: ["models:write"] }), 403, "insufficient-scope");
    expect(required).toEqual(["models:write"]);
    await expectProblem(await patch({ models: ["a", "d"] }), 403, "model-not-allowed");
    await expectProblem(await patch({ models: null }), 403, "model-not-allowed");
    expect(await readKey(tenant.key, id)).toMatchObject(wish);
    const allowed = { scopes: ["usage:read", "models:infer"], models: ["a", "c"] };
    expect((await patch(allowed)).status).toBe(200);
    expect(await readKey(tenant.key, id)).toMatchObject(allowed);
  });

  test("can't widen a key by itself", async () => {
    const tenant = await newTenant();
    const { id, key } = await makeKey(tenant.key, { scopes: ["keys:write", "models:read"], models: ["a"] });
    const patch = async (json: object) => await call("PATCH", `/v1/keys/${id}`, { ...bearer(key), json });
    await expectProblem(await patch({ scopes: ["keys:write", "usage:read"] }), 403, "insufficient-scope");
    await expectProblem(await patch({ models: null }), 403, "model-not-allowed");
  });

  test.each([
    [{ mode: "test" }, "body"],
    [{ name: "" }, "name"],
    [{ scopes: [] }, "scopes"],
    [{ models: [] }, "models"],
    [{ models: ["No Model"] }, "models.0"],
    [{ models: Array.from({ length: 51 }, (_, n) => `m${n}`) }, "models"],
    [{ expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ expires_at: "2100-01-01T00:00:00Z" }, "expires_at"],
    [{ expires_at: "tomorrow" }, "expires_at"],
    [{ expires_at: "2030-02-30T00:00:00Z" }, "expires_at"],
    [{ expires_at: 1_900_000_000 }, "expires_at"],
    [{ allowed_ips: ["nowhere"] }, "allowed_ips.0"],
  ])("refuses %j and names %s, when it is made too", async (wrong, field) => {
    const tenant = await newTenant();
    const { id } = await makeKey(tenant.key);
    const patched = await tenant.call("PATCH", `/v1/keys/${id}`, { json: wrong });
    const { errors } = await expectProblem(patched, 400, "invalid-request");
    expect(errors).toEqual([{ field, message: expect.any(String) }]);
    if ("mode" in wrong) return;
    const json = { name: "k", scopes: ["models:read"], ...wrong };
    await expectProblem(await tenant.call("POST", "/v1/keys", { json }), 400, "invalid-request");
  });

  test("with nothing in it changes nothing and records nothing", async () => {
    const tenant = await newTenant();
    const { id, key: _, ...made } = await makeKey(tenant.key);
    const changed = await tenant.call("PATCH", `/v1/keys/${id}`, { json: {} });
    expect([changed.status, await changed.json()]).toEqual([200, { id, ...made }]);
    const recorded = await env.DB.prepare("SELECT act FROM audit_events WHERE target_id = ?").bind(id).all();
    expect(recorded.results).toEqual([{ act: "key.created" }]);
  });
});

test("a key lives ten years at most", async () => {
  await withStoppedClock("2026-11-20T12:00:00.000Z", async () => {
    const tenant = await newTenant();
    // 10 · 365 days after 2026-11-20T12:00:00Z: two leap days lie between (2028, 2032), and a third in 2036
    const last = "2036-11-17T12:00:00.000Z";
    expect((await makeKey(tenant.key, { expires_at: last })).expires_at).toBe(last);
    const json = { name: "k", scopes: ["models:read"], expires_at: "2036-11-17T12:00:00.001Z" };
    await expectProblem(await tenant.call("POST", "/v1/keys", { json }), 400, "invalid-request");
  });
});
