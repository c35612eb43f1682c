import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { reconciliationProgress, usageDiscrepancies } from "./fleet.tables.ts";
import type { Discrepancy } from "./reconciliation.rules.ts";

/** Tenants in the order of their ids, after one: so many, and one beyond; or the one that is named, if there is such a one. */
export async function tenantsToReconcile(
  db: Database,
  { tenantId, limit, after }: { tenantId: TenantId | undefined; limit: number; after: string | undefined },
): Promise<TenantId[]> {
  const only = tenantId === undefined ? undefined : eq(tenants.id, tenantId);
  const beyond = after === undefined ? undefined : sql`${tenants.id} > ${after}`;
  const rows = await db
    .select({ id: tenants.id })
    .from(tenants)
    .where(and(only, beyond))
    .orderBy(tenants.id)
    .limit(limit + 1);
  return rows.map(({ id }) => id);
}

/** Keep where a tenant's hours differ. One that was found before stays one row, with what it looks like now. */
export async function upsertDiscrepancy(
  tenantId: TenantId,
  db: Database,
  { hourMs, ...found }: Discrepancy,
  nowMs: number,
): Promise<void> {
  const seen = { ...found, foundAtMs: nowMs };
  await db
    .insert(usageDiscrepancies)
    .values({ tenantId, hourMs, firstFoundAtMs: nowMs, ...seen })
    .onConflictDoUpdate({ target: [usageDiscrepancies.tenantId, usageDiscrepancies.hourMs], set: seen });
}

/** The tenant up to which the hourly reconciliation has come; undefined at the beginning of a round. */
export async function readProgress(db: Database): Promise<TenantId | undefined> {
  const [row] = await db.select().from(reconciliationProgress);
  return row?.afterTenantId ?? undefined;
}

/** @param afterTenantId  null when a round is over */
export async function writeProgress(db: Database, afterTenantId: TenantId | null): Promise<void> {
  await db
    .insert(reconciliationProgress)
    .values({ id: "hourly", afterTenantId })
    .onConflictDoUpdate({ target: reconciliationProgress.id, set: { afterTenantId } });
}
