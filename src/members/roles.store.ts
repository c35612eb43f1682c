import { and, eq, isNull, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { recordIfChanged } from "./audited.store.ts";
import { invitations } from "./invitations.tables.ts";
import { MOST_ROLES } from "./members.rules.ts";
import { type RoleRow, members, roles } from "./members.tables.ts";

/** The roles that the tenant has of its own, by name: never more than {@link MOST_ROLES}. */
export async function listRoles(tenantId: TenantId, db: Database): Promise<RoleRow[]> {
  return await db.select().from(roles).where(eq(roles.tenantId, tenantId)).orderBy(roles.name);
}

/** One role of the tenant's own, or undefined. */
export async function findRole(tenantId: TenantId, db: Database, name: string): Promise<RoleRow | undefined> {
  const [row] = await db.select().from(roles).where(isRole(tenantId, name));
  return row;
}

/** Keep a new role, unless there is one of its name, or as many as there may be. @returns whether it was kept */
export async function insertRole(
  tenantId: TenantId,
  db: Database,
  role: Omit<RoleRow, "tenantId">,
  audit: AuditRow,
): Promise<boolean> {
  const { id, name, description, grants, createdAtMs } = role;
  const [inserted] = await db.batch([
    db
      .insert(roles)
      .select(
        sql`SELECT ${id}, ${tenantId}, ${name}, ${description}, ${JSON.stringify(grants)}, ${createdAtMs}
            WHERE (SELECT count(*) FROM ${roles} WHERE ${eq(roles.tenantId, tenantId)}) < ${MOST_ROLES}`,
      )
      .onConflictDoNothing()
      .returning({ id: roles.id }),
    recordIfChanged(db, audit),
  ]);
  return inserted.length > 0;
}

/** Change a role that still allows what was judged. @returns whether it was changed */
export async function updateRole(
  tenantId: TenantId,
  db: Database,
  judged: Pick<RoleRow, "name" | "grants">,
  change: Partial<Pick<RoleRow, "description" | "grants">>,
  audit: AuditRow,
): Promise<boolean> {
  const [updated] = await db.batch([
    db
      .update(roles)
      .set(change)
      .where(and(isRole(tenantId, judged.name), allows(judged)))
      .returning({ id: roles.id }),
    recordIfChanged(db, audit),
  ]);
  return updated.length > 0;
}

/** Delete a role that still allows what was judged, and that nobody has or was promised. @returns whether it was deleted */
export async function deleteRole(
  tenantId: TenantId,
  db: Database,
  judged: Pick<RoleRow, "name" | "grants">,
  audit: AuditRow,
): Promise<boolean> {
  const { name } = judged;
  const [deleted] = await db.batch([
    db
      .delete(roles)
      .where(
        and(
          isRole(tenantId, name),
          allows(judged),
          sql`NOT EXISTS (SELECT 1 FROM members AS m, json_each(m.roles) AS held WHERE m.tenant_id = ${tenantId} AND held.value = ${name})`,
          sql`NOT EXISTS (SELECT 1 FROM invitations AS i, json_each(i.roles) AS promised
              WHERE i.tenant_id = ${tenantId} AND i.accepted_by IS NULL AND promised.value = ${name})`,
          sql`NOT EXISTS (SELECT 1 FROM tenants AS t WHERE t.id = ${tenantId} AND t.parent_access_role = ${name})`,
        ),
      )
      .returning({ id: roles.id }),
    recordIfChanged(db, audit),
  ]);
  return deleted.length > 0;
}

/** Who has a role, or was promised it. */
export interface RoleHolders {
  readonly userIds: readonly UserId[];
  /** Addresses of open invitations. */
  readonly invited: readonly string[];
  /** Whether it is what the parent's members have. */
  readonly isParents: boolean;
}

/** {@link RoleHolders} of one of the tenant's roles. */
export async function holdersOf(tenantId: TenantId, db: Database, name: string): Promise<RoleHolders> {
  const [holders, invited, [tenant]] = await db.batch([
    db
      .select({ userId: members.userId })
      .from(members)
      .where(
        and(
          eq(members.tenantId, tenantId),
          sql`EXISTS (SELECT 1 FROM json_each(${members.roles}) WHERE value = ${name})`,
        ),
      ),
    db
      .select({ email: invitations.email })
      .from(invitations)
      .where(
        and(
          eq(invitations.tenantId, tenantId),
          isNull(invitations.acceptedBy),
          sql`EXISTS (SELECT 1 FROM json_each(${invitations.roles}) WHERE value = ${name})`,
        ),
      ),
    db.select({ role: tenants.parentAccessRole }).from(tenants).where(eq(tenants.id, tenantId)),
  ]);
  return {
    userIds: holders.map(({ userId }) => userId),
    invited: invited.map(({ email }) => email),
    isParents: tenant?.role === name,
  };
}

function isRole(tenantId: TenantId, name: string) {
  return and(eq(roles.tenantId, tenantId), eq(roles.name, name));
}

function allows({ grants }: Pick<RoleRow, "grants">) {
  return sql`${roles.grants} = ${JSON.stringify(grants)}`;
}
