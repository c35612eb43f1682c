import { eq, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import type { SecurityPolicy } from "./security-policy.rules.ts";
import { tenants } from "./tenants.tables.ts";

/** What the tenant asks of how its people log in; undefined when there is no such tenant. */
export async function findSecurityPolicy(tenantId: TenantId, db: Database): Promise<SecurityPolicy | undefined> {
  const [row] = await db.select({ policy: tenants.securityPolicy }).from(tenants).where(eq(tenants.id, tenantId));
  return row?.policy;
}

/** Replace what the tenant asks of how its people log in. */
export async function updateSecurityPolicy(
  tenantId: TenantId,
  db: Database,
  securityPolicy: SecurityPolicy,
  audit: AuditRow,
): Promise<void> {
  await db.batch([
    db
      .update(tenants)
      .set({ securityPolicy, policyVersion: sql`${tenants.policyVersion} + 1` })
      .where(eq(tenants.id, tenantId)),
    db.insert(auditEvents).values(audit),
  ]);
}
