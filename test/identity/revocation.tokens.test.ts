import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { PASSWORD, type Person, addMember, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, call, callAsOperator, newTenant } from "../support/tenant.ts";

/** Somebody with a token that has just been taken, at a tenant where somebody else decides. */
interface Case {
  readonly tenant: TestTenant;
  readonly person: Person;
  /** How an owner, who is somebody else, calls the API. */
  readonly asOwner: (method: string, path: string, json?: unknown) => Promise<Response>;
  readonly use: () => Promise<Response>;
}

async function newCase(role = "developer"): Promise<Case> {
  const [tenant, person, owner] = [await newTenant(), await newPerson(), await newPerson()];
  await addMember(tenant.id, person, role);
  await addMember(tenant.id, owner, "owner");
  const [token, ofOwner] = [await tokenOf(person, tenant.id), await tokenOf(owner, tenant.id)];
  const by = (text: string) => ({ headers: { Authorization: `Bearer ${text}` } });
  return {
    tenant,
    person,
    asOwner: async (method, path, json) =>
      await call(method, path, { ...by(ofOwner), ...(json !== undefined && { json }) }),
    use: async () => await call("GET", "/v1/models", by(token)),
  };
}

async function isDone(answer: Response): Promise<void> {
  expect(answer.ok, await answer.clone().text()).toBe(true);
}

/** What ends an access token, by what is done and who does it. Keys are not among it: no token comes of one. */
const ENDS: Record<string, (c: Case) => Promise<void>> = {
  "its person logs out": async ({ person }) => await isDone(await person.call("POST", "/auth/sign-out", {})),
  "its session is revoked": async ({ person }) => {
    const { session }: { session: { token: string } } = await (await person.call("GET", "/auth/get-session")).json();
    await isDone(await person.call("POST", "/auth/revoke-session", { token: session.token }));
  },
  "all sessions of its person are revoked": async ({ person }) =>
    await isDone(await person.call("POST", "/auth/revoke-sessions", {})),
  "its person's password is changed": async ({ person }) => {
    const json = { currentPassword: PASSWORD, newPassword: `${PASSWORD}!`, revokeOtherSessions: true };
    await isDone(await person.call("POST", "/auth/change-password", json));
  },
  "its person is suspended": async ({ person }) =>
    await isDone(await callAsOperator("POST", `/admin/people/${person.id}/suspend`, { json: {} })),
  "its person is removed from the tenant": async ({ person, asOwner }) =>
    await isDone(await asOwner("DELETE", `/v1/members/${person.id}`)),
  "its person gets other roles": async ({ person, asOwner }) =>
    await isDone(await asOwner("PATCH", `/v1/members/${person.id}`, { roles: ["viewer"] })),
  "the tenant's credentials are voided": async ({ tenant }) =>
    await isDone(await callAsOperator("POST", `/admin/tenants/${tenant.id}/credentials/revoke`)),
};

describe("an access token is refused with the next request after", () => {
  test.each(Object.keys(ENDS))("%s", async (what) => {
    const ending = await newCase();
    expect((await ending.use()).status).toBe(200);
    await ENDS[what]?.(ending);
    await expectProblem(await ending.use(), 401, "credential-void");
  });
});

test("a change of a tenant's own role ends the tokens of whoever has it, and the next says what it allows now", async () => {
  const { tenant, person, asOwner } = await newCase();
  await isDone(await asOwner("POST", "/v1/roles", { name: "reader", grants: ["models:read"] }));
  await isDone(await asOwner("PATCH", `/v1/members/${person.id}`, { roles: ["reader"] }));
  const use = async (token: string) =>
    await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${token}` } });
  const token = await tokenOf(person, tenant.id);
  expect((await use(token)).status).toBe(200);
  await isDone(await asOwner("PATCH", "/v1/roles/reader", { grants: ["usage:read"] }));
  await expectProblem(await use(token), 401, "credential-void");
  await expectProblem(await use(await tokenOf(person, tenant.id)), 403, "insufficient-scope");
});

test("a suspended tenant's tokens read, and do nothing else", async () => {
  const [tenant, person] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, person, "owner");
  const headers = { Authorization: `Bearer ${await tokenOf(person, tenant.id)}` };
  await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { status: "suspended" } });
  expect((await call("GET", "/v1/models", { headers })).status).toBe(200);
  await expectProblem(await call("POST", "/v1/models", { headers, json: { name: "m" } }), 403, "tenant-suspended");
});

test("what voids a token stays so through an eviction of the cell", async () => {
  const { person, tenant, use } = await newCase();
  await person.call("POST", "/auth/sign-out", {});
  const cell = env.TENANT_CELL.getByName(tenant.id);
  await evictDurableObject(cell);
  await expectProblem(await use(), 401, "credential-void");
});
