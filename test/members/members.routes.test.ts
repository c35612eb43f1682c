import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Grant } from "../../src/identity/permissions.rules.ts";
import { ROLE_GRANTS } from "../../src/identity/roles.rules.ts";
import { PLATFORM_TENANT_ID, type TenantId, newId } from "../../src/shared/ids.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addMember, callerIn, newOrganization, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newKey, newTenant } from "../support/tenant.ts";

async function rolesOf(tenantId: TenantId): Promise<Record<string, string[]>> {
  const { results } = await env.DB.prepare("SELECT user_id, roles FROM members WHERE tenant_id = ?")
    .bind(tenantId)
    .all<{ user_id: string; roles: string }>();
  return Object.fromEntries(results.map((row) => [row.user_id, JSON.parse(row.roles) as string[]]));
}

/** An organization of an owner, an admin and a viewer. */
async function newStaff() {
  const [owner, admin, viewer] = [await newPerson("Owner"), await newPerson("Admin"), await newPerson("Viewer")];
  const tenantId = await newOrganization(owner);
  await addMember(tenantId, admin, "admin");
  await addMember(tenantId, viewer, "viewer");
  return { tenantId, owner, admin, viewer };
}

describe("the list of members", () => {
  test("comes in pages that hold each member once", async () => {
    const { tenantId, owner, admin, viewer } = await newStaff();
    const asViewer = await callerIn(viewer, tenantId);
    const seen: string[] = [];
    let after = "";
    for (let page = 0; page < 3; page++) {
      const answer = await asViewer("GET", `/v1/members?limit=1${after && `&after=${after}`}`);
      const { data, next }: { data: { user_id: string }[]; next: string | null } = await answer.json();
      seen.push(...data.map((member) => member.user_id));
      after = next ?? "";
    }
    expect(after).toBe("");
    expect(seen).toEqual([owner.id, admin.id, viewer.id].toSorted());
  });
});

describe("nobody gives or takes away what they don't have:", () => {
  test("an admin can't make an owner, of anybody or of themselves, nor demote or remove one", async () => {
    const { tenantId, owner, admin, viewer } = await newStaff();
    const asAdmin = await callerIn(admin, tenantId);
    const before = await rolesOf(tenantId);
    for (const [method, who, roles] of [
      ["PATCH", viewer, ["owner"]],
      ["PATCH", admin, ["owner"]],
      ["PATCH", viewer, ["billing"]],
      ["PATCH", owner, ["viewer"]],
      ["DELETE", owner, undefined],
    ] as const) {
      const refused = await asAdmin(method, `/v1/members/${who.id}`, roles && { roles });
      const { required } = await expectProblem(refused, 403, "insufficient-scope");
      expect(required).toContain("billing:write");
    }
    expect(await rolesOf(tenantId)).toEqual(before);
    expect((await asAdmin("PATCH", `/v1/members/${viewer.id}`, { roles: ["admin"] })).status).toBe(200);
  });

  test("a token of narrower scope gives no more than its scope, though its owner could", async () => {
    const { tenantId, owner, viewer } = await newStaff();
    const asOwner = await callerIn(owner, tenantId, "members:write members:read");
    const refused = await asOwner("PATCH", `/v1/members/${viewer.id}`, { roles: ["developer"] });
    await expectProblem(refused, 403, "insufficient-scope");
  });

  test("an API key gives what its scopes hold, and no more", async () => {
    const { tenantId, viewer } = await newStaff();
    const scopes: Grant[] = [...ROLE_GRANTS.viewer, "members:write"];
    const headers = { Authorization: `Bearer ${await newKey(tenantId, scopes)}` };
    const path = `/v1/members/${viewer.id}`;
    const refused = await call("PATCH", path, { headers, json: { roles: ["viewer", "developer"] } });
    const { required } = await expectProblem(refused, 403, "insufficient-scope");
    expect(required).toContain("models:write");
    expect((await call("PATCH", path, { headers, json: { roles: ["viewer"] } })).status).toBe(200);
    expect((await call("DELETE", path, { headers })).status).toBe(204);
  });

  test("roles of the platform are not to be given in a tenant, nor what is no role", async () => {
    const { tenantId, owner, viewer } = await newStaff();
    const asOwner = await callerIn(owner, tenantId);
    for (const role of ["operator", "support", "nothing"]) {
      const refused = await asOwner("PATCH", `/v1/members/${viewer.id}`, { roles: [role] });
      const { detail } = await expectProblem(refused, 400, "invalid-request");
      expect(detail).toMatch(new RegExp(`^roles: .*${role}`));
    }
  });
});

describe("one owner always remains:", () => {
  test("the last one neither steps down, is removed, nor leaves", async () => {
    const { tenantId, owner } = await newStaff();
    const asOwner = await callerIn(owner, tenantId);
    await expectProblem(await asOwner("PATCH", `/v1/members/${owner.id}`, { roles: ["admin"] }), 409, "last-owner");
    const again = await callerIn(owner, tenantId);
    await expectProblem(await again("DELETE", `/v1/members/${owner.id}`), 409, "last-owner");
    const left = await owner.call("POST", `/auth/organizations/${tenantId}/leave`, {});
    expect([left.status, await left.json()]).toEqual([409, expect.objectContaining({ code: "LAST_OWNER" })]);
    expect((await rolesOf(tenantId))[owner.id]).toEqual(["owner"]);
  });

  test("of two owners who demote or remove each other at the same time, one is left", async () => {
    for (const [method, json] of [
      ["PATCH", { roles: ["viewer"] }],
      ["DELETE", undefined],
    ] as const) {
      const [ada, bob] = [await newPerson("Ada"), await newPerson("Bob")];
      const tenantId = await newOrganization(ada);
      await addMember(tenantId, bob, "owner");
      const attacks = [
        { key: await tokenOf(ada, tenantId), victim: bob },
        { key: await tokenOf(bob, tenantId), victim: ada },
      ].map(async ({ key, victim }) => {
        const tenant = { ...(await newTenant()), key };
        return await callToTheEnd(tenant, method, `/v1/members/${victim.id}`, json && { json });
      });
      const statuses = (await Promise.all(attacks)).map(({ status }) => status);
      const owners = Object.values(await rolesOf(tenantId)).filter((roles) => roles.includes("owner"));
      expect([owners.length, statuses.filter((status) => status < 300).length]).toEqual([1, 1]);
    }
  });
});

describe("a member who is removed", () => {
  test("is refused at once, and removing them again voids again before it says that there is none", async () => {
    const { tenantId, owner, viewer } = await newStaff();
    const [asOwner, asViewer] = [await callerIn(owner, tenantId), await callerIn(viewer, tenantId)];
    await env.DB.prepare("DELETE FROM members WHERE tenant_id = ? AND user_id = ?").bind(tenantId, viewer.id).run();
    // as after a call that failed between D1 and the cell
    expect((await asViewer("GET", "/v1/models")).status).toBe(200);
    await expectProblem(await asOwner("DELETE", `/v1/members/${viewer.id}`), 404, "member-not-found");
    await expectProblem(await asViewer("GET", "/v1/models"), 401, "credential-void");
    const nobody = newId("usr", Date.now());
    await expectProblem(
      await asOwner("PATCH", `/v1/members/${nobody}`, { roles: ["viewer"] }),
      404,
      "member-not-found",
    );
  });

  test("may leave without any permission, once", async () => {
    const { tenantId, viewer } = await newStaff();
    const asViewer = await callerIn(viewer, tenantId);
    expect((await viewer.call("POST", `/auth/organizations/${tenantId}/leave`, {})).status).toBe(200);
    await expectProblem(await asViewer("GET", "/v1/models"), 401, "credential-void");
    expect((await viewer.call("POST", `/auth/organizations/${tenantId}/leave`, {})).status).toBe(404);
    for (const id of ["nonsense", (await newTenant()).id, PLATFORM_TENANT_ID]) {
      expect((await viewer.call("POST", `/auth/organizations/${id}/leave`, {})).status).toBe(404);
    }
    expect(await rolesOf(tenantId)).not.toHaveProperty(viewer.id);
  });
});

test("roles that a member has already void their tokens again, and are not recorded as a change", async () => {
  const { tenantId, owner, viewer } = await newStaff();
  const [asOwner, asViewer] = [await callerIn(owner, tenantId), await callerIn(viewer, tenantId)];
  expect((await asOwner("PATCH", `/v1/members/${viewer.id}`, { roles: ["viewer", "viewer"] })).status).toBe(200);
  await expectProblem(await asViewer("GET", "/v1/models"), 401, "credential-void");
  const recorded = await env.DB.prepare("SELECT act FROM audit_events WHERE target_id = ? AND tenant_id = ?")
    .bind(viewer.id, tenantId)
    .all();
  expect(recorded.results).toEqual([]);
});
