import { eq, sql } from "drizzle-orm";
import type { SQLiteUpdateSetSource } from "drizzle-orm/sqlite-core";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import { type TenantLimitPatch, type TenantPolicyPatch, type TenantRow, tenants } from "./tenants.tables.ts";

/** What may be changed of a tenant; what is left out stays. */
export type TenantPatch = Partial<Pick<TenantRow, "name" | "status">> & TenantLimitPatch & TenantPolicyPatch;

/** Register a tenant. */
export async function insertTenant(
  tenantId: TenantId,
  db: Database,
  tenant: Omit<typeof tenants.$inferInsert, "id">,
  audit: AuditRow,
): Promise<TenantRow> {
  const insert = db
    .insert(tenants)
    .values({ ...tenant, id: tenantId })
    .returning();
  const [[row]] = await db.batch([insert, db.insert(auditEvents).values(audit)]);
  if (!row) throw new Error("A tenant was written and is not there.");
  return row;
}

/** One tenant, or undefined. */
export async function findTenant(tenantId: TenantId, db: Database): Promise<TenantRow | undefined> {
  const [row] = await db.select().from(tenants).where(eq(tenants.id, tenantId));
  return row;
}

/** Change a tenant that there is. */
export async function updateTenant(
  tenantId: TenantId,
  db: Database,
  patch: TenantPatch,
  audit: AuditRow,
): Promise<TenantRow | undefined> {
  return await writeChange(tenantId, db, patch, audit);
}

/** Void what was issued before a moment; a later one that is known stays. */
export async function raiseNotBefore(
  tenantId: TenantId,
  db: Database,
  notBeforeMs: number,
  audit: AuditRow,
): Promise<TenantRow | undefined> {
  return await writeChange(tenantId, db, { notBeforeMs: sql`max(${tenants.notBeforeMs}, ${notBeforeMs})` }, audit);
}

/** All tenants in the order of their making, for the operator: one page and one row beyond. */
export async function listTenants(
  db: Database,
  page: { limit: number; after: string | undefined },
): Promise<TenantRow[]> {
  const beyond = page.after === undefined ? undefined : sql`${tenants.id} > ${page.after}`;
  return await db
    .select()
    .from(tenants)
    .where(beyond)
    .orderBy(tenants.id)
    .limit(page.limit + 1);
}

/** Each change is another version of the policy: by it a cell tells a newer one from an older one. */
async function writeChange(
  tenantId: TenantId,
  db: Database,
  change: SQLiteUpdateSetSource<typeof tenants>,
  audit: AuditRow,
): Promise<TenantRow | undefined> {
  const update = db
    .update(tenants)
    .set({ ...change, policyVersion: sql`${tenants.policyVersion} + 1` })
    .where(eq(tenants.id, tenantId))
    .returning();
  const [[row]] = await db.batch([update, db.insert(auditEvents).values(audit)]);
  return row;
}
