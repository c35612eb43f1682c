import { and, eq } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import { type CreditGrantRow, creditGrants } from "./tenants.tables.ts";

/** Record a grant of credit, and who granted it. @returns the grant of this id: this one, or the one that was recorded before */
export async function recordGrant(
  tenantId: TenantId,
  db: Database,
  grant: Omit<CreditGrantRow, "tenantId">,
  audit: AuditRow,
): Promise<CreditGrantRow> {
  const known = await findGrant(tenantId, db, grant.id);
  if (known) return known;
  try {
    const insert = db.insert(creditGrants).values({ ...grant, tenantId });
    await db.batch([insert, db.insert(auditEvents).values(audit)]);
    return { ...grant, tenantId };
  } catch (fault) {
    // Who came at the same time was first: then nothing was written here, the record included.
    const other = await findGrant(tenantId, db, grant.id);
    if (!other) throw fault;
    return other;
  }
}

async function findGrant(tenantId: TenantId, db: Database, id: string): Promise<CreditGrantRow | undefined> {
  const [row] = await db
    .select()
    .from(creditGrants)
    .where(and(eq(creditGrants.tenantId, tenantId), eq(creditGrants.id, id)));
  return row;
}
