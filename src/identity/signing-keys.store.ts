import { desc, gt, isNull, lt, or } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import { signingKeys } from "./auth.tables.ts";
import { type KeyTimes, OVERLAP_SECONDS } from "./signing-keys.rules.ts";
import type { PublicKey } from "./signing-keys.ts";

/** A key as D1 has it; the private half is encrypted. `createdAt` is when it begins to sign. */
export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** The public halves of all keys whose tokens are believed now or will be in a moment. */
export async function loadPublicKeys(db: Database, nowMs: number): Promise<PublicKey[]> {
  const { id, publicKey, expiresAt } = signingKeys;
  const rows = await db.select({ id, publicKey, expiresAt }).from(signingKeys);
  return rows
    .map((row) => {
      const verifiesUntilMs = row.expiresAt && row.expiresAt.getTime() + OVERLAP_SECONDS * 1000;
      return { kid: row.id, jwk: row.publicKey, verifiesUntilMs };
    })
    .filter(({ verifiesUntilMs }) => verifiesUntilMs === null || verifiesUntilMs > nowMs);
}

/** The keys with their private halves, but for those that are published and don't sign yet. */
export async function loadSigningKeys(db: Database, nowMs: number): Promise<SigningKeyRow[]> {
  return await db
    .select()
    .from(signingKeys)
    .where(lt(signingKeys.createdAt, new Date(nowMs + 1)));
}

/** When each key signs, the youngest first. */
export async function listKeyTimes(db: Database): Promise<(KeyTimes & { readonly kid: string })[]> {
  const { id, createdAt, expiresAt } = signingKeys;
  const rows = await db.select({ id, createdAt, expiresAt }).from(signingKeys).orderBy(desc(createdAt), desc(id));
  return rows.map((row) => {
    return { kid: row.id, signsFromMs: row.createdAt.getTime(), signsUntilMs: row.expiresAt?.getTime() ?? null };
  });
}

/** Add a key; all others cease to sign when it begins. */
export async function insertSigningKey(db: Database, key: SigningKeyRow, audit: AuditRow): Promise<void> {
  const { createdAt: begin } = key;
  const isLonger = or(isNull(signingKeys.expiresAt), gt(signingKeys.expiresAt, begin));
  await db.batch([
    db.update(signingKeys).set({ expiresAt: begin }).where(isLonger),
    db.insert(signingKeys).values(key),
    db.insert(auditEvents).values(audit),
  ]);
}
