import { and, eq, inArray } from "drizzle-orm";
import type { Grant } from "../identity/permissions.rules.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { type MemberRow, members, roles } from "./members.tables.ts";

/** One member of the tenant, or undefined. */
export async function findMember(tenantId: TenantId, db: Database, userId: UserId): Promise<MemberRow | undefined> {
  const [row] = await db
    .select()
    .from(members)
    .where(and(eq(members.tenantId, tenantId), eq(members.userId, userId)));
  return row;
}

/** The tenants that a person belongs to. */
export async function tenantsOfUser(db: Database, userId: UserId): Promise<TenantId[]> {
  const rows = await db.select({ tenantId: members.tenantId }).from(members).where(eq(members.userId, userId));
  return rows.map(({ tenantId }) => tenantId);
}

/** What these of the tenant's own roles allow, by name. */
export async function grantsOfRoles(
  tenantId: TenantId,
  db: Database,
  names: readonly string[],
): Promise<Map<string, readonly Grant[]>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .select({ name: roles.name, grants: roles.grants })
    .from(roles)
    .where(and(eq(roles.tenantId, tenantId), inArray(roles.name, [...names])));
  return new Map(rows.map(({ name, grants }) => [name, grants]));
}
