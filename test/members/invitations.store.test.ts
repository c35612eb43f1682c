import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { expect, test } from "vitest";
import { auditRow } from "../../src/events/audit.rules.ts";
import { acceptInvitation, deleteInvitation, findByToken } from "../../src/members/invitations.store.ts";
import { type UserId, isId } from "../../src/shared/ids.ts";
import { furnishMembers } from "../support/members.ts";
import { newTenant } from "../support/tenant.ts";

const db = drizzle(env.DB);
const doer = { actor: { kind: "system" }, origin: { ipAddress: "", userAgent: "", requestId: "" } } as const;

/** An open invitation of a tenant, and a person of another one who could accept it. */
async function newInvitation() {
  const [{ id: tenantId }, other] = [await newTenant(), await newTenant()];
  const { invitation_id: tokenHash } = await furnishMembers(tenantId);
  const { user_id: userId } = await furnishMembers(other.id);
  const invitation = await findByToken(db, tokenHash);
  if (!invitation || !isId("usr", userId)) throw new Error("The tenant was not furnished.");
  const accept = async (): Promise<boolean> => {
    const audit = auditRow({ ...doer, act: "member.added", tenantId, targetId: userId }, Date.now());
    return await acceptInvitation(tenantId, db, invitation, { userId, atMs: Date.now(), audit });
  };
  return { tenantId, userId, invitation, accept };
}

async function count(tenantId: string, userId: UserId): Promise<unknown[]> {
  const ofMember = "SELECT count(*) AS n FROM members WHERE tenant_id = ? AND user_id = ?";
  const ofAudit = "SELECT count(*) AS n FROM audit_events WHERE tenant_id = ? AND target_id = ?";
  const counts = [ofMember, ofAudit].map(async (text) => await env.DB.prepare(text).bind(tenantId, userId).first("n"));
  return await Promise.all(counts);
}

test("an invitation that is accepted twice at the same time is accepted once, with one record", async () => {
  const { tenantId, userId, accept } = await newInvitation();
  expect((await Promise.all([accept(), accept()])).filter(Boolean)).toHaveLength(1);
  expect(await count(tenantId, userId)).toEqual([1, 1]);
});

test("an invitation that is withdrawn while it is being accepted lets nobody in", async () => {
  const { tenantId, userId, invitation, accept } = await newInvitation();
  const audit = auditRow({ ...doer, act: "member.invitation_withdrawn", tenantId }, Date.now());
  expect(await deleteInvitation(tenantId, db, invitation.id, audit)).toBe(true);
  expect(await accept()).toBe(false);
  expect(await count(tenantId, userId)).toEqual([0, 0]);
});
