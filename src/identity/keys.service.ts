import { type Doer, auditRow } from "../events/audit.rules.ts";
import type { Services } from "../services.ts";
import { type KeyId, type TenantId, newId } from "../shared/ids.ts";
import { sha256 } from "../shared/sha256.ts";
import { type KeyWish, newApiKey } from "./keys.rules.ts";
import { findKey, insertKey, markKeyRevoked } from "./keys.store.ts";
import type { KeyRow } from "./keys.tables.ts";

/** Make a key. It works as soon as the call returns; its text exists in the answer and nowhere else. */
export async function createKey(
  tenantId: TenantId,
  services: Services,
  wish: KeyWish,
  by: Doer,
): Promise<{ key: string; row: Omit<KeyRow, "tenantId"> }> {
  const key = newApiKey(tenantId, wish.mode);
  const nowMs = services.now();
  const row = {
    ...wish,
    id: newId("key", nowMs),
    hash: sha256(key),
    lastFour: key.slice(-4),
    createdAtMs: nowMs,
    revokedAtMs: null,
  };
  const after = { name: row.name, scopes: row.scopes, mode: row.mode };
  const audit = auditRow({ ...by, act: "key.created", tenantId, targetId: row.id, after }, nowMs);
  await insertKey(tenantId, services.db, row, audit);
  await services.refresh(tenantId, { kind: "key", keyId: row.id });
  return { key, row };
}

/**
 * Revoke a key. When the call returns, the next request with the key is refused.
 *
 * May be repeated: should telling the cell fail, the caller gets a fault and revokes again.
 *
 * @returns whether the tenant has such a key
 */
export async function revokeKey(tenantId: TenantId, services: Services, keyId: KeyId, by: Doer): Promise<boolean> {
  const key = await findKey(tenantId, services.db, keyId);
  if (!key) return false;
  if (key.revokedAtMs === null) {
    const nowMs = services.now();
    const audit = auditRow({ ...by, act: "key.revoked", tenantId, targetId: keyId }, nowMs);
    await markKeyRevoked(tenantId, services.db, keyId, nowMs, audit);
  }
  await services.refresh(tenantId, { kind: "key", keyId });
  return true;
}
