import { and, eq } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import { type CreditGrantRow, creditGrants } from "./tenants.tables.ts";

/** Record a grant of credit. @returns the grant of this id: this one, or the one that was recorded before */
export async function recordGrant(
  tenantId: TenantId,
  db: Database,
  grant: Omit<CreditGrantRow, "tenantId">,
): Promise<CreditGrantRow> {
  const isThisOne = and(eq(creditGrants.tenantId, tenantId), eq(creditGrants.id, grant.id));
  const [, [recorded]] = await db.batch([
    db
      .insert(creditGrants)
      .values({ ...grant, tenantId })
      .onConflictDoNothing(),
    db.select().from(creditGrants).where(isThisOne),
  ]);
  if (!recorded) throw new Error("A grant of credit was written and is not there.");
  return recorded;
}
