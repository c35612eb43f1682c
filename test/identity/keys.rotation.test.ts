import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { withStoppedClock } from "../support/clock.ts";
import { type DirectCallOptions, callToTheEnd } from "../support/direct.ts";
import { cellsWithout } from "../support/faulty.ts";
import { bearer, keyOf, makeKey, readKey, rotate, use } from "../support/keys.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, call, newTenant } from "../support/tenant.ts";

/** Ask for a rotation that may be refused. */
async function tryRotate(tenant: TestTenant, keyId: string, options: DirectCallOptions = {}): Promise<Response> {
  return await callToTheEnd(tenant, "POST", `/v1/keys/${keyId}/rotate`, { json: {}, ...options });
}

const SETTINGS = {
  name: "checkout",
  mode: "test",
  scopes: ["models:read", "models:infer"],
  allowed_ips: null,
  models: ["m"],
  limits: {
    rates: [{ name: "fast", per: "key", endpoint: "read", burst: 2, rate_per_second: 1 }],
    quotas: [],
    concurrency: [],
  },
  expires_at: "2030-01-01T00:00:00.000Z",
};

describe("rotating a key", () => {
  test("gives a new one with the same settings, linked with the old one, and both work and are counted apart", async () => {
    const tenant = await newTenant();
    const old = await makeKey(tenant.key, SETTINGS);
    const { data }: { data: { id: string }[] } = await (await tenant.call("GET", "/v1/keys")).json();
    const made = await rotate(tenant.key, old.id);
    expect(made).toMatchObject({ ...SETTINGS, replaces: old.id, replaced_by: null, created_by: data[0]?.id });
    expect(made.key).not.toBe(old.key);
    expect(await readKey(tenant.key, old.id)).toMatchObject({ replaces: null, replaced_by: made.id, revoked_at: null });
    const uses = async (key: string) => [(await use(key)).status, (await use(key)).status, (await use(key)).status];
    expect(await uses(old.key)).toEqual([200, 200, 429]);
    expect(await uses(made.key)).toEqual([200, 200, 429]);
  });

  test("lets the old one work until the grace is over, and then no longer: a day unless it is said", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async ({ advanceMs }) => {
      const tenant = await newTenant();
      const [old, other] = [await makeKey(tenant.key), await makeKey(tenant.key)];
      const made = await rotate(tenant.key, old.id, { grace_period_seconds: 60 });
      await rotate(tenant.key, other.id);
      expect((await readKey(tenant.key, old.id)).expires_at).toBe("2026-11-20T12:01:00.000Z");
      expect((await readKey(tenant.key, other.id)).expires_at).toBe("2026-11-21T12:00:00.000Z");
      advanceMs(59_999);
      expect((await use(old.key)).status).toBe(200);
      advanceMs(1);
      await expectProblem(await use(old.key), 401, "key-expired");
      expect((await use(made.key)).status).toBe(200);
    });
  });

  test("does not let a key last longer than it would have", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async () => {
      const tenant = await newTenant();
      const expiresAt = "2026-11-20T12:00:30.000Z";
      const old = await makeKey(tenant.key, { expires_at: expiresAt });
      const made = await rotate(tenant.key, old.id, { grace_period_seconds: 604_800 });
      expect([made.expires_at, (await readKey(tenant.key, old.id)).expires_at]).toEqual([expiresAt, expiresAt]);
    });
  });

  test("is done once: the old one is refused with the name of the new one, which may be rotated in its turn", async () => {
    const tenant = await newTenant();
    const first = await makeKey(tenant.key);
    const second = await rotate(tenant.key, first.id);
    const problem = await expectProblem(await tryRotate(tenant, first.id), 409, "key-ended");
    expect(problem["replaced_by"]).toBe(second.id);
    expect((await rotate(tenant.key, second.id)).replaces).toBe(second.id);
  });

  test("of two at once is done once", async () => {
    const tenant = await newTenant();
    const { id } = await makeKey(tenant.key);
    const answers = await Promise.all([1, 2, 3].map(async () => await tryRotate(tenant, id)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 409, 409]);
    const { results } = await env.DB.prepare("SELECT id FROM api_keys WHERE replaces = ?").bind(id).all();
    expect(results).toHaveLength(1);
    const acts = await env.DB.prepare("SELECT act FROM audit_events WHERE target_id = ? AND act = 'key.rotated'")
      .bind(id)
      .all();
    expect(acts.results).toHaveLength(1);
  });

  test("that was revoked or has expired is refused", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async ({ advanceMs }) => {
      const tenant = await newTenant();
      const [revoked, expired] = [
        await makeKey(tenant.key),
        await makeKey(tenant.key, { expires_at: "2026-11-20T12:00:01.000Z" }),
      ];
      await tenant.call("DELETE", `/v1/keys/${revoked.id}`);
      advanceMs(1_000);
      for (const { id } of [revoked, expired]) {
        await expectProblem(await tryRotate(tenant, id), 409, "key-ended");
        const patched = await tenant.call("PATCH", `/v1/keys/${id}`, { json: { expires_at: null } });
        await expectProblem(patched, 409, "key-ended");
      }
    });
  });

  test("answers a repetition with the same Idempotency-Key with the same key", async () => {
    const tenant = await newTenant();
    const { id } = await makeKey(tenant.key);
    const headers = { "Idempotency-Key": '"rotation"' };
    const [first, again] = [await tryRotate(tenant, id, { headers }), await tryRotate(tenant, id, { headers })];
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(await again.text()).toBe(await first.text());
  });

  test("that failed to reach the cell is mended by asking again", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async ({ advanceMs }) => {
      const tenant = await newTenant();
      const { id, key } = await makeKey(tenant.key);
      const json = { grace_period_seconds: 1 };
      const failed = await tryRotate(tenant, id, { json, bindings: { TENANT_CELL: cellsWithout("refresh") } });
      expect(failed.status).toBe(500);
      await expectProblem(await tryRotate(tenant, id), 409, "key-ended");
      advanceMs(1_000);
      await expectProblem(await use(key), 401, "key-expired");
    });
  });

  test.each([[-1], [604_801], [1.5], ["60"], [null]])("refuses a grace period of %j", async (seconds) => {
    const tenant = await newTenant();
    const { id } = await makeKey(tenant.key);
    const answer = await tryRotate(tenant, id, { json: { grace_period_seconds: seconds } });
    const { errors } = await expectProblem(answer, 400, "invalid-request");
    expect(errors).toEqual([{ field: "grace_period_seconds", message: expect.any(String) }]);
  });
});

describe("who rotates a key sees the new one, so", () => {
  test("a caller needs all of its scopes and models", async () => {
    const tenant = await newTenant();
    const strong = await makeKey(tenant.key, { scopes: ["models:read", "usage:read"] });
    const weak = await makeKey(tenant.key, { scopes: ["keys:write", "models:read"] });
    const narrow = await makeKey(tenant.key, { scopes: ["keys:write", "models:read"], models: ["m"] });
    const wide = await makeKey(tenant.key);
    const attempt = async (key: string, id: string) =>
      await call("POST", `/v1/keys/${id}/rotate`, { ...bearer(key), json: {} });
    const { required } = await expectProblem(await attempt(weak.key, strong.id), 403, "insufficient-scope");
    expect(required).toEqual(["usage:read"]);
    await expectProblem(await attempt(narrow.key, wide.id), 403, "model-not-allowed");
    expect((await readKey(tenant.key, strong.id)).replaced_by).toBeNull();
    expect((await attempt(narrow.key, narrow.id)).status).toBe(201);
  });

  test("the new one speaks for them, and the old one for its maker until it ends", async () => {
    const [tenant, maker, admin] = [await newTenant(), await newPerson(), await newPerson()];
    await addMember(tenant.id, maker, "developer");
    await addMember(tenant.id, admin, "admin");
    const old = await keyOf(maker, tenant);
    const made = await rotate(await tokenOf(admin, tenant.id), old.id);
    expect(made).toMatchObject({ created_by: admin.id, user_id: admin.id });
    expect(await readKey(tenant.key, old.id)).toMatchObject({ created_by: maker.id, user_id: maker.id });
  });
});
