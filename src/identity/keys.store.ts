import { type SQL, and, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import type { KeyId, TenantId } from "../shared/ids.ts";
import type { KeyChange, Whose } from "./keys.rules.ts";
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
  page: { limit: number; after: string | undefined; whose: Whose },
): Promise<KeyRow[]> {
  const beyond = page.after === undefined ? undefined : sql`${apiKeys.id} > ${page.after}`;
  return await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), isOf(page.whose), beyond))
    .orderBy(apiKeys.id)
    .limit(page.limit + 1);
}

/** One key of the tenant, or undefined where there is none of this id, or it is somebody else's. */
export async function findKey(
  tenantId: TenantId,
  db: Database,
  keyId: KeyId,
  whose: Whose,
): Promise<KeyRow | undefined> {
  const [row] = await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId), isOf(whose)));
  return row;
}

/** The tenant's key of which this is the SHA-256, base64url; or undefined. */
export async function findKeyByHash(tenantId: TenantId, db: Database, hash: string): Promise<KeyRow | undefined> {
  const [row] = await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.hash, hash)));
  return row;
}

/** Mark a key revoked; the time of an earlier revocation stays. @returns whether it was marked now */
export async function markKeyRevoked(
  tenantId: TenantId,
  db: Database,
  keyId: KeyId,
  nowMs: number,
  audit: AuditRow,
): Promise<boolean> {
  const isHeld = and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId), isNull(apiKeys.revokedAtMs));
  const [, marked] = await db.batch([
    insertAuditWhere(db, audit, isHeld),
    db.update(apiKeys).set({ revokedAtMs: nowMs }).where(isHeld).returning({ id: apiKeys.id }),
  ]);
  return marked.length > 0;
}

/** Change a key that is in use. @returns it as it is now; undefined when it has ended meanwhile */
export async function updateKey(
  tenantId: TenantId,
  db: Database,
  keyId: KeyId,
  { change, nowMs, audit }: { change: KeyChange; nowMs: number; audit: AuditRow },
): Promise<KeyRow | undefined> {
  const isHeld = inUse(tenantId, keyId, nowMs);
  const [, [changed]] = await db.batch([
    insertAuditWhere(db, audit, isHeld),
    db.update(apiKeys).set(change).where(isHeld).returning(),
  ]);
  return changed;
}

/** A key that takes another one's place. */
export interface Successor extends Pick<KeyRow, "id" | "hash" | "lastFour" | "createdAtMs" | "createdBy" | "userId"> {
  /** How long the old key works beside it, in ms; 0: it is revoked at once. */
  readonly graceMs: number;
}

/**
 * Put a key in the place of one that is in use, with all settings that the old one has at that moment.
 *
 * One transaction: of two rotations at once, one finds the key replaced.
 *
 * @returns the new key; undefined when the old one has ended meanwhile
 */
export async function replaceKey(
  tenantId: TenantId,
  db: Database,
  keyId: KeyId,
  successor: Successor,
  audit: AuditRow,
): Promise<KeyRow | undefined> {
  const { id, createdAtMs, graceMs } = successor;
  const isHeld = inUse(tenantId, keyId, createdAtMs);
  const endsAtMs = createdAtMs + graceMs;
  const end =
    graceMs === 0
      ? { revokedAtMs: createdAtMs }
      : { expiresAtMs: sql`min(coalesce(${apiKeys.expiresAtMs}, ${endsAtMs}), ${endsAtMs})` };
  const [, [made]] = await db.batch([
    insertAuditWhere(db, audit, isHeld),
    db
      .insert(apiKeys)
      .select(copyOf(db, keyId, successor, isHeld))
      .returning(),
    db
      .update(apiKeys)
      .set({ ...end, replacedBy: id })
      .where(isHeld),
  ]);
  return made;
}

/** The row of a successor: what makes it another key is new, the rest is the old key's. */
function copyOf(db: Database, keyId: KeyId, successor: Successor, isHeld: SQL | undefined) {
  const { name, mode, scopes, tenantId, allowedIps, limits, models, expiresAtMs } = apiKeys;
  return db
    .select({
      id: sql`${successor.id}`.as("id"),
      tenantId,
      name,
      mode,
      scopes,
      hash: sql`${successor.hash}`.as("hash"),
      lastFour: sql`${successor.lastFour}`.as("last_four"),
      createdAtMs: sql`${successor.createdAtMs}`.as("created_at_ms"),
      revokedAtMs: sql`null`.as("revoked_at_ms"),
      allowedIps,
      limits,
      models,
      expiresAtMs,
      createdBy: sql`${successor.createdBy}`.as("created_by"),
      userId: sql`${successor.userId}`.as("user_id"),
      replaces: sql`${keyId}`.as("replaces"),
      replacedBy: sql`null`.as("replaced_by"),
    })
    .from(apiKeys)
    .where(isHeld);
}

/** Record an act only where what it is about still is so: written before it, in the same transaction. */
function insertAuditWhere(db: Database, audit: AuditRow, condition: SQL | undefined) {
  const json = (value: unknown) => (value === null ? sql`null` : sql`${JSON.stringify(value)}`);
  return db.insert(auditEvents).select(
    db
      .select({
        id: sql`${audit.id}`.as("id"),
        atMs: sql`${audit.atMs}`.as("at_ms"),
        tenantId: sql`${audit.tenantId}`.as("tenant_id"),
        act: sql`${audit.act}`.as("act"),
        actorKind: sql`${audit.actorKind}`.as("actor_kind"),
        actorId: sql`${audit.actorId}`.as("actor_id"),
        targetId: sql`${audit.targetId}`.as("target_id"),
        ipAddress: sql`${audit.ipAddress}`.as("ip_address"),
        userAgent: sql`${audit.userAgent}`.as("user_agent"),
        requestId: sql`${audit.requestId}`.as("request_id"),
        before: json(audit.before).as("before"),
        after: json(audit.after).as("after"),
      })
      .from(apiKeys)
      .where(condition),
  );
}

function inUse(tenantId: TenantId, keyId: KeyId, nowMs: number): SQL | undefined {
  return and(
    eq(apiKeys.tenantId, tenantId),
    eq(apiKeys.id, keyId),
    isNull(apiKeys.revokedAtMs),
    isNull(apiKeys.replacedBy),
    or(isNull(apiKeys.expiresAtMs), gt(apiKeys.expiresAtMs, nowMs)),
  );
}

function isOf(whose: Whose): SQL | undefined {
  switch (whose.kind) {
    case "tenant":
      return undefined;
    case "person":
      return eq(apiKeys.userId, whose.userId);
    case "maker":
      return or(eq(apiKeys.createdBy, whose.callerId), sql`${apiKeys.id} = ${whose.callerId}`);
  }
}
