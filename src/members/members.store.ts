import { and, eq, inArray, isNotNull, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { users } from "../identity/auth.tables.ts";
import type { Grant } from "../identity/permissions.rules.ts";
import { isBuiltInRole } from "../identity/roles.rules.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { recordIfChanged } from "./audited.store.ts";
import { OWNER } from "./members.rules.ts";
import { type MemberRow, members, roles } from "./members.tables.ts";

/** A member with the name and the address that they have everywhere. */
export interface NamedMember extends MemberRow {
  readonly name: string;
  readonly email: string;
}

/** One member of the tenant, or undefined. */
export async function findMember(tenantId: TenantId, db: Database, userId: UserId): Promise<MemberRow | undefined> {
  const [row] = await db.select().from(members).where(isMember(tenantId, userId));
  return row;
}

/** {@link findMember}, with their name. */
export async function findNamedMember(
  tenantId: TenantId,
  db: Database,
  userId: UserId,
): Promise<NamedMember | undefined> {
  const [row] = await selectNamed(db).where(isMember(tenantId, userId));
  return row;
}

/** The tenant's members in the order of their ids: one page and one row beyond. */
export async function listMembers(
  tenantId: TenantId,
  db: Database,
  page: { limit: number; after: string | undefined },
): Promise<NamedMember[]> {
  const beyond = page.after === undefined ? undefined : sql`${members.userId} > ${page.after}`;
  return await selectNamed(db)
    .where(and(eq(members.tenantId, tenantId), beyond))
    .orderBy(members.userId)
    .limit(page.limit + 1);
}

/** Members who have one of the tenant's roles. */
export async function membersWithRole(tenantId: TenantId, db: Database, role: string): Promise<UserId[]> {
  const rows = await db
    .select({ userId: members.userId })
    .from(members)
    .where(and(eq(members.tenantId, tenantId), holdsRole(role)));
  return rows.map(({ userId }) => userId);
}

/** Where tokens of a person may be in use: the tenants that they belong to, and the children of these that let their members in. */
export async function tenantsOfUser(db: Database, userId: UserId): Promise<TenantId[]> {
  const [own, children] = await db.batch([
    db.select({ tenantId: members.tenantId }).from(members).where(eq(members.userId, userId)),
    db
      .select({ tenantId: tenants.id })
      .from(members)
      .innerJoin(tenants, eq(tenants.parentId, members.tenantId))
      .where(and(eq(members.userId, userId), isNotNull(tenants.parentAccessRole))),
  ]);
  return [...new Set([...own, ...children].map(({ tenantId }) => tenantId))];
}

/** The children that let this tenant's members in. */
export async function openChildren(tenantId: TenantId, db: Database): Promise<TenantId[]> {
  const rows = await db
    .select({ tenantId: tenants.id })
    .from(tenants)
    .where(and(eq(tenants.parentId, tenantId), isNotNull(tenants.parentAccessRole)));
  return rows.map((row) => row.tenantId);
}

/** What these of the tenant's own roles allow, by name. */
export async function grantsOfRoles(
  tenantId: TenantId,
  db: Database,
  names: readonly string[],
): Promise<Map<string, readonly Grant[]>> {
  const own = [...new Set(names.filter((name) => !isBuiltInRole(name)))];
  if (own.length === 0) return new Map();
  const rows = await db
    .select({ name: roles.name, grants: roles.grants })
    .from(roles)
    .where(and(eq(roles.tenantId, tenantId), inArray(roles.name, own)));
  return new Map(rows.map(({ name, grants }) => [name, grants]));
}

/**
 * Give a member other roles, all in one statement: it holds back when they have others by now than those that were judged, when it would
 * leave the tenant without an owner, or when a role has gone.
 *
 * @returns whether it was done
 */
export async function updateRoles(
  tenantId: TenantId,
  db: Database,
  { userId, roles: judged }: Pick<MemberRow, "userId" | "roles">,
  wanted: readonly string[],
  audit: AuditRow,
): Promise<boolean> {
  const names = [...wanted];
  const staysOwned = names.includes(OWNER) ? undefined : leavesAnOwner(tenantId, userId);
  const [updated] = await db.batch([
    db
      .update(members)
      .set({ roles: names })
      .where(and(isMember(tenantId, userId), hasRoles(judged), staysOwned, areThere(tenantId, names)))
      .returning({ userId: members.userId }),
    recordIfChanged(db, audit),
  ]);
  return updated.length > 0;
}

/** Remove a member, under the conditions of {@link updateRoles}. @returns whether it was done */
export async function deleteMember(
  tenantId: TenantId,
  db: Database,
  { userId, roles: judged }: Pick<MemberRow, "userId" | "roles">,
  audit: AuditRow,
): Promise<boolean> {
  const [deleted] = await db.batch([
    db
      .delete(members)
      .where(and(isMember(tenantId, userId), hasRoles(judged), leavesAnOwner(tenantId, userId)))
      .returning({ userId: members.userId }),
    recordIfChanged(db, audit),
  ]);
  return deleted.length > 0;
}

/** That each of these is built in, or a role that the tenant has at this moment. */
export function areThere(tenantId: TenantId, names: readonly string[]) {
  const own = [...new Set(names.filter((name) => !isBuiltInRole(name)))];
  if (own.length === 0) return undefined;
  return sql`(SELECT count(*) FROM ${roles} WHERE ${and(eq(roles.tenantId, tenantId), inArray(roles.name, own))}) = ${own.length}`;
}

function selectNamed(db: Database) {
  const { tenantId, userId, roles: held, createdAtMs } = members;
  return db
    .select({ tenantId, userId, roles: held, createdAtMs, name: users.name, email: users.email })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId));
}

function isMember(tenantId: TenantId, userId: UserId) {
  return and(eq(members.tenantId, tenantId), eq(members.userId, userId));
}

function hasRoles(judged: readonly string[]) {
  return sql`${members.roles} = ${JSON.stringify(judged)}`;
}

/** That the member has the role; of those of the query around it. */
function holdsRole(role: string) {
  return sql`EXISTS (SELECT 1 FROM json_each(${members.roles}) WHERE value = ${role})`;
}

/** That the member is no owner, or not the only one. */
function leavesAnOwner(tenantId: TenantId, userId: UserId) {
  return sql`(NOT ${holdsRole(OWNER)} OR EXISTS (
    SELECT 1 FROM members AS other, json_each(other.roles) AS held
    WHERE other.tenant_id = ${tenantId} AND other.user_id <> ${userId} AND held.value = ${OWNER}))`;
}
