import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { TenantId } from "../../src/shared/ids.ts";
import { TOTALS } from "../../src/usage/fleet.rules.ts";
import { deliver } from "../support/fleet.ts";
import { deploy } from "../support/models.ts";
import { type Person, addMember, callerIn, newOrganization, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

async function place(child: { id: TenantId }, parent: { id: TenantId } | null): Promise<Response> {
  return await callAsOperator("PATCH", `/admin/tenants/${child.id}`, { json: { parent_id: parent?.id ?? null } });
}

/** Tenants, each below the one before. */
async function line(length: number): Promise<TestTenant[]> {
  const tenants: TestTenant[] = [];
  for (let generation = 0; generation < length; generation++) {
    const tenant = await newTenant();
    const parent = tenants.at(-1);
    if (parent) await place(tenant, parent);
    tenants.push(tenant);
  }
  return tenants;
}

describe("what stands below what", () => {
  test("has three generations at most, in whichever order they are put together", async () => {
    const [top, middle, bottom] = await line(3);
    const [parent, child] = await line(2);
    if (!top || !middle || !bottom || !parent || !child) throw new Error("There are five tenants.");
    await expectProblem(await place(await newTenant(), bottom), 409, "no-place-below");
    await expectProblem(await place(parent, middle), 409, "no-place-below");
    expect((await place(parent, top)).status).toBe(200);
    const made = await callAsOperator("POST", "/admin/tenants", { json: { name: "n", parent_id: bottom.id } });
    await expectProblem(made, 409, "no-place-below");
  });

  test("is no circle, and below nothing that there is not", async () => {
    const [top, middle] = await line(2);
    if (!top || !middle) throw new Error("There are two tenants.");
    await expectProblem(await place(top, middle), 409, "no-place-below");
    await expectProblem(await place(top, top), 409, "no-place-below");
    const nowhere = { json: { parent_id: `${top.id.slice(0, -4)}zzzz` } };
    await expectProblem(await callAsOperator("PATCH", `/admin/tenants/${top.id}`, nowhere), 409, "no-place-below");
    expect(await (await place(middle, null)).json()).toMatchObject({ id: middle.id, parent_id: null });
  });

  test("is said by a person who makes an organization below one that they may change, and by nobody else", async () => {
    const [owner, viewer] = [await newPerson(), await newPerson()];
    const parentId = await newOrganization(owner);
    await addMember(parentId, viewer, "viewer");
    const childId = await newOrganization(owner, { parent_id: parentId });
    const asOwner = await callerIn(owner, parentId);
    expect(await (await asOwner("GET", "/v1/children")).json()).toMatchObject({ data: [{ id: childId }], next: null });
    for (const person of [viewer, await newPerson()]) {
      const refused = await person.call("POST", "/auth/organizations", { name: "n", parent_id: parentId });
      expect([refused.status, await refused.json()]).toEqual([
        404,
        expect.objectContaining({ code: "PARENT_NOT_FOUND" }),
      ]);
    }
    const grandchildId = await newOrganization(owner, { parent_id: childId });
    const tooDeep = await owner.call("POST", "/auth/organizations", { name: "n", parent_id: grandchildId });
    expect(tooDeep.status).toBe(429); // the fourth within an hour
  });
});

test("a parent sees what its child used, and nothing else of it; not so its grandparent, nor the child its parent", async () => {
  const [top, middle, bottom] = await line(3);
  if (!top || !middle || !bottom) throw new Error("There are three tenants.");
  await deploy(bottom, "m");
  const zeros = Object.fromEntries(TOTALS.map((name) => [name, 0]));
  const hour = { hourMs: Date.parse("2042-05-01T09:00:00Z"), revision: 1, asOfMs: 0 };
  await deliver([{ ...hour, tenantId: bottom.id, totals: { ...zeros, inferences: 7 } }]);
  await deliver([{ ...hour, tenantId: middle.id, totals: { ...zeros, inferences: 100 } }]);
  const path = `/v1/children/${bottom.id}/usage`;
  const usage = await middle.call("GET", `${path}?from=2042-05-01T00:00:00Z&to=2042-05-02T00:00:00Z`);
  expect(await usage.json()).toMatchObject({
    data: [{ start: "2042-05-01T00:00:00.000Z", inferences: 7 }],
    total: { inferences: 7 },
    next: null,
  });
  for (const stranger of [top, bottom, await newTenant()]) {
    await expectProblem(await stranger.call("GET", path), 404, "tenant-not-found");
  }
  await expectProblem(await bottom.call("GET", `/v1/children/${middle.id}/usage`), 404, "tenant-not-found");
  const backwards = `${path}?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z`;
  await expectProblem(await middle.call("GET", backwards), 400, "invalid-request");
  await expectProblem(await middle.call("GET", "/v1/models/m"), 404, "model-not-found");
  expect((await place(bottom, null)).status).toBe(200);
  await expectProblem(await middle.call("GET", path), 404, "tenant-not-found");
});

/** A parent with a member, and a child with an owner that lets the parent's members in as viewers. */
async function newFamily() {
  const [parent, child] = await line(2);
  if (!parent || !child) throw new Error("There are two tenants.");
  const [guest, owner] = [await newPerson("Guest"), await newPerson("Owner")];
  await addMember(parent.id, guest, "developer");
  await addMember(child.id, owner, "owner");
  const asOwner = await callerIn(owner, child.id);
  expect((await asOwner("PUT", "/v1/parent-access", { role: "viewer" })).status).toBe(200);
  return { parent, child, guest, asOwner };
}

async function mayEnter(person: Person, { id }: TestTenant): Promise<number> {
  return (await person.call("POST", "/auth/tenant-token", { tenant_id: id })).status;
}

describe("a child that lets its parent's members in", () => {
  test("gives them the role that it says, for as long as it says so", async () => {
    const { child, guest, asOwner } = await newFamily();
    const asGuest = await callerIn(guest, child.id);
    expect((await asGuest("GET", "/v1/members")).status).toBe(200);
    await expectProblem(await asGuest("POST", "/v1/models", { name: "m" }), 403, "insufficient-scope");
    expect(await (await asOwner("GET", "/v1/parent-access")).json()).toEqual({ role: "viewer" });
    expect((await asOwner("PUT", "/v1/parent-access", { role: null })).status).toBe(200);
    await expectProblem(await asGuest("GET", "/v1/members"), 401, "credential-void");
    expect(await mayEnter(guest, child)).toBe(403);
    expect((await asOwner("GET", "/v1/members")).status).toBe(200);
  });

  test("shuts out whom the parent removes, and who may not read the organization there", async () => {
    const { parent, child, guest } = await newFamily();
    const asGuest = await callerIn(guest, child.id);
    expect((await asGuest("GET", "/v1/models")).status).toBe(200);
    expect((await parent.call("DELETE", `/v1/members/${guest.id}`)).status).toBe(204);
    await expectProblem(await asGuest("GET", "/v1/models"), 401, "credential-void");
    expect(await mayEnter(guest, child)).toBe(403);
    await parent.call("POST", "/v1/roles", { json: { name: "infers", grants: ["models:infer"] } });
    await addMember(parent.id, guest, "infers");
    expect([await mayEnter(guest, parent), await mayEnter(guest, child)]).toEqual([200, 403]);
  });

  test("shuts out holders of a role of the parent's that changes, until they have another token", async () => {
    const { parent, child, guest } = await newFamily();
    const grants = ["organization:read", "models:infer"];
    await parent.call("POST", "/v1/roles", { json: { name: "guests", grants } });
    await parent.call("PATCH", `/v1/members/${guest.id}`, { json: { roles: ["guests"] } });
    const asGuest = await callerIn(guest, child.id);
    expect((await asGuest("GET", "/v1/models")).status).toBe(200);
    await parent.call("PATCH", "/v1/roles/guests", { json: { grants: ["models:infer"] } });
    await expectProblem(await asGuest("GET", "/v1/models"), 401, "credential-void");
    expect(await mayEnter(guest, child)).toBe(403);
  });

  test("changes what they may do with a role of its own, which is not deleted as long as they have it", async () => {
    const { child, guest, asOwner } = await newFamily();
    await asOwner("POST", "/v1/roles", { name: "visitors", grants: ["members:read", "models:read"] });
    expect((await asOwner("PUT", "/v1/parent-access", { role: "visitors" })).status).toBe(200);
    const asGuest = await callerIn(guest, child.id);
    expect((await asGuest("GET", "/v1/members")).status).toBe(200);
    await asOwner("PATCH", "/v1/roles/visitors", { grants: ["models:read"] });
    await expectProblem(await asGuest("GET", "/v1/members"), 401, "credential-void");
    const inUse = await expectProblem(await asOwner("DELETE", "/v1/roles/visitors"), 409, "role-in-use");
    expect(inUse).toMatchObject({ members: [], parent_access: true });
  });

  test("shuts them out when it gets another parent, and when they log out", async () => {
    const { child, guest } = await newFamily();
    const asGuest = await callerIn(guest, child.id);
    expect((await place(child, await newTenant())).status).toBe(200);
    await expectProblem(await asGuest("GET", "/v1/models"), 401, "credential-void");
    expect(await mayEnter(guest, child)).toBe(403);
    const second = await newFamily();
    const asSecond = await callerIn(second.guest, second.child.id);
    expect((await asSecond("GET", "/v1/models")).status).toBe(200);
    await second.guest.call("POST", "/auth/sign-out", {});
    await expectProblem(await asSecond("GET", "/v1/models"), 401, "credential-void");
  });

  test("gives no more than who lets them in may do, never the owner's role, and nothing without a parent", async () => {
    const { child, asOwner } = await newFamily();
    const admin = await newPerson();
    await addMember(child.id, admin, "admin");
    const asAdmin = await callerIn(admin, child.id);
    await expectProblem(await asAdmin("PUT", "/v1/parent-access", { role: "billing" }), 403, "insufficient-scope");
    await expectProblem(await asOwner("PUT", "/v1/parent-access", { role: "owner" }), 400, "invalid-request");
    await expectProblem(await asOwner("PUT", "/v1/parent-access", { role: "nothing" }), 400, "invalid-request");
    const orphan = await newTenant();
    await expectProblem(await orphan.call("PUT", "/v1/parent-access", { json: { role: "viewer" } }), 409, "no-parent");
    const stored = await env.DB.prepare("SELECT parent_access_role FROM tenants WHERE id = ?").bind(child.id).first();
    expect(stored).toEqual({ parent_access_role: "viewer" });
  });
});
