import { and, eq, or, sql } from "drizzle-orm";
import { members } from "../members/members.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { users } from "./auth.tables.ts";

/** People of one tenant who are told at most. */
const MAX_TOLD = 20;

/** Who is to be told that a key has leaked: the tenant's owners, and its person as long as they belong to it. */
export async function findToldOfLeak(
  tenantId: TenantId,
  db: Database,
  userId: UserId | null,
): Promise<{ readonly organisation: string; readonly emails: string[] }> {
  const isOwner = sql`exists (select 1 from json_each(${members.roles}) where value = 'owner')`;
  const isKeys = userId === null ? undefined : eq(members.userId, userId);
  const [[tenant], told] = await db.batch([
    db.select({ name: tenants.name }).from(tenants).where(eq(tenants.id, tenantId)),
    db
      .select({ email: users.email })
      .from(members)
      .innerJoin(users, eq(users.id, members.userId))
      .where(and(eq(members.tenantId, tenantId), or(isOwner, isKeys)))
      .orderBy(members.createdAtMs)
      .limit(MAX_TOLD),
  ]);
  return { organisation: tenant?.name ?? "", emails: told.map(({ email }) => email) };
}
