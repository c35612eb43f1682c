import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { describe, expect, test } from "vitest";
import { auditRow } from "../../src/events/audit.rules.ts";
import { deleteMember, updateRoles } from "../../src/members/members.store.ts";
import { type TenantId, type UserId, newId } from "../../src/shared/ids.ts";
import { furnishMembers } from "../support/members.ts";
import { newTenant } from "../support/tenant.ts";

const db = drizzle(env.DB);

function auditOf(tenantId: TenantId, targetId: UserId) {
  const origin = { ipAddress: "", userAgent: "", requestId: "" };
  return auditRow({ act: "member.removed", actor: { kind: "system" }, origin, tenantId, targetId }, Date.now());
}

/** A tenant with two owners. */
async function ofTwoOwners() {
  const { id: tenantId } = await newTenant();
  const userIds = [await furnishMembers(tenantId), await furnishOne(tenantId)].map(({ user_id: id }) => id);
  await env.DB.prepare("UPDATE members SET roles = ? WHERE tenant_id = ?").bind('["owner"]', tenantId).run();
  return { tenantId, owners: userIds.map((userId) => ({ userId: userId as UserId, roles: ["owner"] })) };
}

/** One more member: of a tenant of their own at first, whose names can't clash. */
async function furnishOne(tenantId: TenantId) {
  const { id } = await newTenant();
  const values = await furnishMembers(id);
  await env.DB.prepare("UPDATE members SET tenant_id = ? WHERE user_id = ?").bind(tenantId, values.user_id).run();
  return values;
}

async function countOwners(tenantId: TenantId): Promise<unknown> {
  return await env.DB.prepare("SELECT count(*) AS n FROM members WHERE tenant_id = ? AND roles LIKE '%owner%'")
    .bind(tenantId)
    .first("n");
}

async function countAudited(tenantId: TenantId): Promise<unknown> {
  return await env.DB.prepare("SELECT count(*) AS n FROM audit_events WHERE tenant_id = ? AND act LIKE 'member.%'")
    .bind(tenantId)
    .first("n");
}

describe.each(["demoted", "removed"] as const)("owners who are %s at the same time", (how) => {
  test("leave one, and one audit row", async () => {
    const { tenantId, owners } = await ofTwoOwners();
    const done = await Promise.all(
      owners.map(async (owner) => {
        const audit = auditOf(tenantId, owner.userId);
        return how === "demoted"
          ? await updateRoles(tenantId, db, owner, ["viewer"], audit)
          : await deleteMember(tenantId, db, owner, audit);
      }),
    );
    expect(done.filter(Boolean)).toHaveLength(1);
    expect([await countOwners(tenantId), await countAudited(tenantId)]).toEqual([1, 1]);
  });
});

test("who was judged with other roles than they have by now stays as they are", async () => {
  const { tenantId, owners } = await ofTwoOwners();
  const [{ userId } = { userId: newId("usr", 0) }] = owners;
  const judged = { userId, roles: ["viewer"] };
  const audit = auditOf(tenantId, userId);
  expect(await updateRoles(tenantId, db, judged, ["developer"], audit)).toBe(false);
  expect(await deleteMember(tenantId, db, judged, audit)).toBe(false);
  expect([await countOwners(tenantId), await countAudited(tenantId)]).toEqual([2, 0]);
});

test("a role that has gone is given to nobody", async () => {
  const { tenantId, owners } = await ofTwoOwners();
  const [owner = { userId: newId("usr", 0), roles: [] }] = owners;
  const isDone = await updateRoles(tenantId, db, owner, ["owner", "gone"], auditOf(tenantId, owner.userId));
  expect(isDone).toBe(false);
});
