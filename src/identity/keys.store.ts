import { and, eq, isNull, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import type { KeyId, TenantId } from "../shared/ids.ts";
import { type KeyRow, apiKeys } from "./keys.tables.ts";

/** Keep a new key's metadata and hash, and who made it. */
export async function insertKey(
  tenantId: TenantId,
  db: Database,
  key: Omit<KeyRow, "tenantId">,
  audit: AuditRow,
): Promise<void> {
  await db.batch([db.insert(apiKeys).values({ ...key, tenantId }), db.insert(auditEvents).values(audit)]);
}

/** The tenant's keys in the order of their making, revoked ones included: one page and one row beyond. */
export async function listKeys(
  tenantId: TenantId,
  db: Database,
  page: { limit: number; after: string | undefined },
): Promise<KeyRow[]> {
  const beyond = page.after === undefined ? undefined : sql`${apiKeys.id} > ${page.after}`;
  return await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), beyond))
    .orderBy(apiKeys.id)
    .limit(page.limit + 1);
}

/** One key of the tenant, or undefined. */
export async function findKey(tenantId: TenantId, db: Database, keyId: KeyId): Promise<KeyRow | undefined> {
  const [row] = await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId)));
  return row;
}

/** Mark a key revoked; the time of an earlier revocation stays. */
export async function markKeyRevoked(
  tenantId: TenantId,
  db: Database,
  keyId: KeyId,
  nowMs: number,
  audit: AuditRow,
): Promise<void> {
  const isHeld = and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId), isNull(apiKeys.revokedAtMs));
  await db.batch([db.update(apiKeys).set({ revokedAtMs: nowMs }).where(isHeld), db.insert(auditEvents).values(audit)]);
}
