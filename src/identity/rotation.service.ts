import { auditRow } from "../events/audit.rules.ts";
import type { Services } from "../services.ts";
import type { KeyId, TenantId } from "../shared/ids.ts";
import { type KeyCaller, endOf, excessOf, reachOf } from "./keys.rules.ts";
import { type KeyRefusal, type MadeKey, type Maker, newIdentity, refuseEnded } from "./keys.service.ts";
import { findKey, replaceKey } from "./keys.store.ts";

/**
 * Put a new key in the place of one, with the same settings. Both work until the grace is over; then the old one is refused.
 *
 * Whoever rotates a key sees the new one, so nobody rotates one that may do more than they: and the new key speaks for them.
 */
export async function rotateKey(
  tenantId: TenantId,
  services: Services,
  { caller, keyId, graceMs, maker }: { caller: KeyCaller; keyId: KeyId; graceMs: number; maker: Maker },
): Promise<KeyRefusal | ({ readonly kind: "rotated" } & MadeKey)> {
  const held = await findKey(tenantId, services.db, keyId, reachOf(caller, "keys:write"));
  if (!held) return { kind: "key-not-found" };
  const nowMs = services.now();
  if (endOf(held, nowMs)) return await refuseEnded(tenantId, services, keyId);
  const excess = excessOf(held, caller);
  if (excess) return { kind: "excess", excess };
  const { createdBy, userId, ...by } = maker;
  const { key, ...identity } = newIdentity(tenantId, held.mode, nowMs);
  const after = { replaced_by: identity.id, grace_period_seconds: graceMs / 1000 };
  const audit = auditRow({ ...by, act: "key.rotated", tenantId, targetId: keyId, after }, nowMs);
  const successor = { ...identity, createdBy, userId, graceMs };
  const row = await replaceKey(tenantId, services.db, keyId, successor, audit);
  if (!row) return await refuseEnded(tenantId, services, keyId);
  await services.refresh(tenantId, { kind: "key", keyId: row.id });
  await services.refresh(tenantId, { kind: "key", keyId });
  return { kind: "rotated", key, row };
}
