import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { bearer, keyOf, makeKey, readKey, rotate, use, userIdOf } from "../support/keys.ts";
import { listen } from "../support/live.ts";
import { type Person, addMember, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, call, callAsOperator, newTenant } from "../support/tenant.ts";

/** A tenant with a member of these roles, and a key of theirs that lives. */
async function tenantWithMember(roles: string[], wish: object = {}) {
  const [tenant, person] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, person, ...roles);
  const made = await keyOf(person, tenant, wish);
  expect((await use(made.key)).status).toBe(200);
  return { tenant, person, made };
}

/** Change a person in the registry, and tell the tenant's cell, as whoever changes members does. */
async function change(tenant: TestTenant, person: Person, statement: string, ...values: string[]): Promise<void> {
  await env.DB.prepare(statement)
    .bind(...values)
    .run();
  await cellOf(tenant).refresh({ kind: "member", userId: userIdOf(person) });
}

async function setRoles(tenant: TestTenant, person: Person, ...roles: string[]): Promise<void> {
  const statement = "UPDATE members SET roles = ? WHERE tenant_id = ? AND user_id = ?";
  await change(tenant, person, statement, JSON.stringify(roles), tenant.id, person.id);
}

describe("the first request with a key is refused after the call has returned", () => {
  test("that revoked the key", async () => {
    const tenant = await newTenant();
    const { id, key } = await makeKey(tenant.key);
    expect((await use(key)).status).toBe(200);
    expect((await tenant.call("DELETE", `/v1/keys/${id}`)).status).toBe(204);
    await expectProblem(await use(key), 401, "revoked-key");
  });

  test("that rotated it out without a grace period", async () => {
    const tenant = await newTenant();
    const { id, key } = await makeKey(tenant.key);
    expect((await use(key)).status).toBe(200);
    await rotate(tenant.key, id, { grace_period_seconds: 0 });
    await expectProblem(await use(key), 401, "revoked-key");
  });

  test("that brought its expiry forward, once that has come, by the cell's clock", async () => {
    await withStoppedClock("2026-11-20T12:00:00.000Z", async ({ advanceMs }) => {
      const tenant = await newTenant();
      const { id, key } = await makeKey(tenant.key);
      const json = { expires_at: "2026-11-20T13:00:00+01:00" };
      const refused = await tenant.call("PATCH", `/v1/keys/${id}`, { json });
      await expectProblem(refused, 400, "invalid-request"); // that is now
      const soon = { expires_at: "2026-11-20T12:00:01Z" };
      expect((await tenant.call("PATCH", `/v1/keys/${id}`, { json: soon })).status).toBe(200);
      advanceMs(999);
      expect((await use(key)).status).toBe(200);
      advanceMs(1);
      const { detail } = await expectProblem(await use(key), 401, "key-expired");
      expect(detail).toContain("2026-11-20T12:00:01.000Z");
    });
  });

  test("that took a scope from it, or a model", async () => {
    const tenant = await newTenant();
    const { id, key } = await makeKey(tenant.key, { scopes: ["models:read", "models:infer"] });
    await tenant.call("POST", "/v1/models", { json: { name: "m" } });
    expect((await call("GET", "/v1/models/m", bearer(key))).status).toBe(200);
    await tenant.call("PATCH", `/v1/keys/${id}`, { json: { models: ["other"] } });
    await expectProblem(await call("GET", "/v1/models/m", bearer(key)), 404, "model-not-found");
    await tenant.call("PATCH", `/v1/keys/${id}`, { json: { scopes: ["models:infer"], models: null } });
    await expectProblem(await call("GET", "/v1/models/m", bearer(key)), 403, "insufficient-scope");
  });

  test("that removed its person from the tenant; the tenant's own keys go on", async () => {
    const { tenant, person, made } = await tenantWithMember(["developer"]);
    await change(tenant, person, "DELETE FROM members WHERE tenant_id = ? AND user_id = ?", tenant.id, person.id);
    await expectProblem(await use(made.key), 401, "credential-void");
    expect((await use(tenant.key)).status).toBe(200);
  });

  test("that suspended its person, and works again with them", async () => {
    const { tenant, person, made } = await tenantWithMember(["developer"]);
    await change(tenant, person, "UPDATE users SET status = 'suspended' WHERE id = ?", person.id);
    await expectProblem(await use(made.key), 401, "credential-void");
    await change(tenant, person, "UPDATE users SET status = 'active' WHERE id = ?", person.id);
    expect((await use(made.key)).status).toBe(200);
  });

  test("that deleted its person from the registry", async () => {
    const { tenant, person, made } = await tenantWithMember(["developer"]);
    await change(tenant, person, "DELETE FROM users WHERE id = ?", person.id);
    await expectProblem(await use(made.key), 401, "credential-void");
  });

  test("that took its person's role, where the new ones don't allow it", async () => {
    const { tenant, person, made } = await tenantWithMember(["developer"]);
    await setRoles(tenant, person, "billing");
    await expectProblem(await use(made.key), 403, "insufficient-scope");
    await setRoles(tenant, person, "viewer");
    expect((await use(made.key)).status).toBe(200);
  });

  test("that changed what a role of the tenant's own allows", async () => {
    const [tenant, person] = [await newTenant(), await newPerson()];
    const grants = (text: string) =>
      env.DB.prepare("INSERT OR REPLACE INTO roles VALUES (?, ?, 'reader', '', ?, 0)").bind(
        `rol_1${tenant.id}`,
        tenant.id,
        text,
      );
    await grants(`["models:read","keys:write:own"]`).run();
    await addMember(tenant.id, person, "reader");
    const { key } = await keyOf(person, tenant);
    expect((await use(key)).status).toBe(200);
    await grants(`["keys:write:own"]`).run();
    await cellOf(tenant).refresh({ kind: "roles" });
    await expectProblem(await use(key), 403, "insufficient-scope");
  });

  test("that ended the person of the key that made it", async () => {
    const { tenant, person, made } = await tenantWithMember(["developer"], {
      scopes: ["keys:write:own", "models:read"],
    });
    const second = await makeKey(made.key);
    expect(await readKey(tenant.key, second.id)).toMatchObject({ created_by: made.id, user_id: person.id });
    await change(tenant, person, "DELETE FROM members WHERE tenant_id = ? AND user_id = ?", tenant.id, person.id);
    await expectProblem(await use(second.key), 401, "credential-void");
  });

  test("that suspended the tenant, but for reads", async () => {
    const tenant = await newTenant();
    const { key } = await makeKey(tenant.key, { scopes: ["models:read", "models:infer", "models:write"] });
    await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
    expect((await use(key)).status).toBe(200);
    const infer = await call("POST", "/v2/models/m/infer", { ...bearer(key), json: {} });
    await expectProblem(infer, 403, "tenant-suspended");
    const write = await call("POST", "/v1/models", { ...bearer(key), json: { name: "m" } });
    await expectProblem(write, 403, "tenant-suspended");
  });

  test("that voided the tenant's credentials; a key that is made then works", async () => {
    const tenant = await newTenant();
    const { key } = await makeKey(tenant.key);
    await callAsOperator("POST", `/admin/tenants/${tenant.id}/credentials/revoke`);
    await expectProblem(await use(key), 401, "credential-void");
  });
});

describe("a key goes on", () => {
  test("when the sessions of its person, the person's tokens, a client or a token are void: none of them stands behind it", async () => {
    const { tenant, person, made } = await tenantWithMember(["developer"]);
    const later = Date.now() + 60_000;
    await cellOf(tenant).refuseBefore("session", person.id, later);
    await cellOf(tenant).refuseBefore("user", person.id, later);
    await cellOf(tenant).refuseBefore("client", "cli_any", later);
    await cellOf(tenant).refuseBefore("token", made.id, later);
    expect((await use(made.key)).status).toBe(200);
  });

  test("when the key that made it is revoked, and when another person of the tenant goes", async () => {
    const { tenant, made } = await tenantWithMember(["developer"], { scopes: ["keys:write:own", "models:read"] });
    const [second, other] = [await makeKey(made.key), await newPerson()];
    await addMember(tenant.id, other, "developer");
    await change(tenant, other, "DELETE FROM members WHERE tenant_id = ? AND user_id = ?", tenant.id, other.id);
    await tenant.call("DELETE", `/v1/keys/${made.id}`);
    expect((await use(second.key)).status).toBe(200);
  });

  test("when an operator made it, whoever that operator was", async () => {
    const tenant = await newTenant();
    const { data }: { data: { created_by: string; user_id: null }[] } = await (
      await tenant.call("GET", "/v1/keys")
    ).json();
    expect(data[0]).toMatchObject({ created_by: "operator", user_id: null });
    await cellOf(tenant).refresh({ kind: "roles" });
    expect((await use(tenant.key)).status).toBe(200);
  });
});

test("a listener to the live feed is dismissed when its key's person goes", async () => {
  const { tenant, person, made } = await tenantWithMember(["admin"], { scopes: ["usage:read", "models:read"] });
  const listener = await listen({
    ...tenant,
    call: async (method, path, options) => {
      return await call(method, path, { ...options, headers: { ...options?.headers, ...bearer(made.key).headers } });
    },
  });
  await change(tenant, person, "DELETE FROM members WHERE tenant_id = ? AND user_id = ?", tenant.id, person.id);
  expect(await listener.frame()).toEqual({ type: "bye", reason: "orphaned-key" });
  expect(await listener.closed()).toMatchObject({ code: 1008 });
});
