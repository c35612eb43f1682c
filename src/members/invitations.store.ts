import { and, eq, gt, isNull, lt, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import { users } from "../identity/auth.tables.ts";
import { apiKeys } from "../identity/keys.tables.ts";
import type { Grant } from "../identity/permissions.rules.ts";
import type { Database } from "../shared/database.ts";
import type { InvitationId, KeyId, TenantId, UserId } from "../shared/ids.ts";
import { recordIfChanged } from "./audited.store.ts";
import { type InvitationRow, invitations } from "./invitations.tables.ts";
import { members } from "./members.tables.ts";

/** The tenant's invitations that were not accepted, in the order of their making: one page and one row beyond. */
export async function listInvitations(
  tenantId: TenantId,
  db: Database,
  page: { limit: number; after: string | undefined },
): Promise<InvitationRow[]> {
  const beyond = page.after === undefined ? undefined : sql`${invitations.id} > ${page.after}`;
  return await db
    .select()
    .from(invitations)
    .where(and(eq(invitations.tenantId, tenantId), isNull(invitations.acceptedBy), beyond))
    .orderBy(invitations.id)
    .limit(page.limit + 1);
}

/** One of the tenant's invitations that was not accepted, or undefined. */
export async function findInvitation(
  tenantId: TenantId,
  db: Database,
  invitationId: InvitationId,
): Promise<InvitationRow | undefined> {
  const [row] = await db.select().from(invitations).where(isOpen(tenantId, invitationId));
  return row;
}

/** The invitation whose token has this SHA-256, of whichever tenant: who has the token doesn't know the tenant. */
export async function findByToken(db: Database, tokenHash: string): Promise<InvitationRow | undefined> {
  const [row] = await db.select().from(invitations).where(eq(invitations.tokenHash, tokenHash));
  return row;
}

/** How many members and open invitations the tenant has, and whether one of the members has this address. */
export async function countInvited(
  tenantId: TenantId,
  db: Database,
  email: string,
  nowMs: number,
): Promise<{ readonly count: number; readonly isMember: boolean }> {
  const isTheirs = sql<number>`count(*) FILTER (WHERE lower(${users.email}) = ${email})`;
  const [[joined], [invited]] = await db.batch([
    db
      .select({ count: sql<number>`count(*)`, theirs: isTheirs })
      .from(members)
      .innerJoin(users, eq(users.id, members.userId))
      .where(eq(members.tenantId, tenantId)),
    db
      .select({ count: sql<number>`count(*)` })
      .from(invitations)
      .where(
        and(
          eq(invitations.tenantId, tenantId),
          isNull(invitations.acceptedBy),
          gt(invitations.expiresAtMs, nowMs),
          sql`${invitations.email} <> ${email}`,
        ),
      ),
  ]);
  return { count: (joined?.count ?? 0) + (invited?.count ?? 0), isMember: (joined?.theirs ?? 0) > 0 };
}

/** Keep an invitation in the place of an older one to the same address, and drop those that have been over since a moment. */
export async function putInvitation(
  tenantId: TenantId,
  db: Database,
  invitation: Omit<InvitationRow, "tenantId">,
  { audit, overBeforeMs }: { readonly audit: AuditRow; readonly overBeforeMs: number },
): Promise<void> {
  const own = eq(invitations.tenantId, tenantId);
  await db.batch([
    db.delete(invitations).where(and(own, eq(invitations.email, invitation.email))),
    db.delete(invitations).where(and(own, lt(invitations.expiresAtMs, overBeforeMs))),
    db.insert(invitations).values({ ...invitation, tenantId }),
    db.insert(auditEvents).values(audit),
  ]);
}

/** Give an open invitation another token, from which moment the older one is dead. @returns whether it was still open */
export async function renewInvitation(
  tenantId: TenantId,
  db: Database,
  renewed: Pick<InvitationRow, "id" | "tokenHash" | "invitedBy" | "expiresAtMs">,
  audit: AuditRow,
): Promise<boolean> {
  const { id, ...change } = renewed;
  const [updated] = await db.batch([
    db.update(invitations).set(change).where(isOpen(tenantId, id)).returning({ id: invitations.id }),
    recordIfChanged(db, audit),
  ]);
  return updated.length > 0;
}

/** Withdraw an open invitation. @returns whether there was one */
export async function deleteInvitation(
  tenantId: TenantId,
  db: Database,
  invitationId: InvitationId,
  audit: AuditRow,
): Promise<boolean> {
  const [deleted] = await db.batch([
    db.delete(invitations).where(isOpen(tenantId, invitationId)).returning({ id: invitations.id }),
    recordIfChanged(db, audit),
  ]);
  return deleted.length > 0;
}

/**
 * Accept an invitation that is still as it was judged, and make the person a member; who is one already keeps the roles that they have.
 *
 * @returns whether it was this call that accepted it
 */
export async function acceptInvitation(
  tenantId: TenantId,
  db: Database,
  judged: InvitationRow,
  { userId, atMs, audit }: { readonly userId: UserId; readonly atMs: number; readonly audit: AuditRow },
): Promise<boolean> {
  const isAsJudged = and(
    isOpen(tenantId, judged.id),
    eq(invitations.tokenHash, judged.tokenHash),
    gt(invitations.expiresAtMs, atMs),
  );
  const [accepted] = await db.batch([
    db.update(invitations).set({ acceptedBy: userId }).where(isAsJudged).returning({ id: invitations.id }),
    db
      .insert(members)
      .select(sql`SELECT ${tenantId}, ${userId}, ${JSON.stringify(judged.roles)}, ${atMs} WHERE changes() > 0`)
      .onConflictDoNothing(),
    recordIfChanged(db, audit),
  ]);
  return accepted.length > 0;
}

/** The scopes of an API key of the tenant, if it is not revoked, and the person for whom it speaks. */
export async function scopesOfKey(
  tenantId: TenantId,
  db: Database,
  keyId: KeyId,
): Promise<{ readonly scopes: readonly Grant[]; readonly userId: UserId | null } | undefined> {
  const [row] = await db
    .select({ scopes: apiKeys.scopes, userId: apiKeys.userId })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId), isNull(apiKeys.revokedAtMs)));
  return row;
}

/** A person's name. */
export async function nameOfUser(db: Database, userId: string): Promise<string | undefined> {
  const [row] = await db.select({ name: users.name }).from(users).where(eq(users.id, userId));
  return row?.name;
}

function isOpen(tenantId: TenantId, invitationId: InvitationId) {
  return and(eq(invitations.tenantId, tenantId), eq(invitations.id, invitationId), isNull(invitations.acceptedBy));
}
