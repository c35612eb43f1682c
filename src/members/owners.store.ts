import { sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";

/** The tenants whose one owner this person is. */
export async function tenantsOwnedAlone(db: Database, userId: UserId): Promise<{ id: TenantId; name: string }[]> {
  return await db.all<{ id: TenantId; name: string }>(sql`
    SELECT tenants.id, tenants.name FROM members JOIN tenants ON tenants.id = members.tenant_id
    WHERE members.user_id = ${userId} AND ${ownsBy("members")}
      AND NOT EXISTS (
        SELECT 1 FROM members AS others
        WHERE others.tenant_id = members.tenant_id AND others.user_id <> members.user_id AND ${ownsBy("others")}
      )
    ORDER BY tenants.id LIMIT 20`);
}

function ownsBy(table: "members" | "others") {
  return sql`EXISTS (SELECT 1 FROM json_each(${sql.raw(table)}.roles) WHERE value = 'owner')`;
}
