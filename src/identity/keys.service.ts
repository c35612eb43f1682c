import { type Doer, auditRow } from "../events/audit.rules.ts";
import type { Services } from "../services.ts";
import { type CallerId, type KeyId, type TenantId, type UserId, newId } from "../shared/ids.ts";
import { toTimestamp } from "../shared/clock.ts";
import { sha256 } from "../shared/sha256.ts";
import {
  type Excess,
  type KeyCaller,
  type KeyChange,
  type KeyEnd,
  type KeyMode,
  type KeyWish,
  endOf,
  excessOf,
  newApiKey,
  reachOf,
} from "./keys.rules.ts";
import { findKey, insertKey, listKeys, markKeyRevoked, updateKey } from "./keys.store.ts";
import type { KeyRow } from "./keys.tables.ts";

/** A key and its text, which exists in the answer and nowhere else. */
export interface MadeKey {
  readonly key: string;
  readonly row: Omit<KeyRow, "tenantId">;
}

/** Who makes a key, and for which person it is to speak. */
export interface Maker extends Doer {
  readonly createdBy: CallerId | "operator";
  readonly userId: UserId | null;
}

/** A key as it stands, and when it was used last: ms since 1970, undefined for one that never was. */
export interface KeyInUse {
  readonly row: KeyRow;
  readonly lastUsedMs: number | undefined;
}

/** Make a key. It works as soon as the call returns. */
export async function createKey(
  tenantId: TenantId,
  services: Services,
  wish: KeyWish,
  { createdBy, userId, ...by }: Maker,
): Promise<MadeKey> {
  const nowMs = services.now();
  const { key, ...identity } = newIdentity(tenantId, wish.mode, nowMs);
  const row = { ...wish, ...identity, createdBy, userId, revokedAtMs: null, replaces: null, replacedBy: null };
  const after = { name: row.name, scopes: row.scopes, mode: row.mode, models: row.models };
  const audit = auditRow({ ...by, act: "key.created", tenantId, targetId: row.id, after }, nowMs);
  await insertKey(tenantId, services.db, row, audit);
  await services.refresh(tenantId, { kind: "key", keyId: row.id });
  return { key, row };
}

/** What makes a key another than all others. */
export function newIdentity(tenantId: TenantId, mode: KeyMode, nowMs: number) {
  const key = newApiKey(tenantId, mode);
  return { key, id: newId("key", nowMs), hash: sha256(key), lastFour: key.slice(-4), createdAtMs: nowMs };
}

/** One page of the keys that a caller reaches, and one beyond it. */
export async function readKeys(
  tenantId: TenantId,
  services: Services,
  caller: KeyCaller,
  page: { limit: number; after: string | undefined },
): Promise<KeyInUse[]> {
  const rows = await listKeys(tenantId, services.db, { ...page, whose: reachOf(caller, "keys:read") });
  return await withLastUses(tenantId, services, rows);
}

/** One key; undefined where the caller reaches none of this id. */
export async function readKey(
  tenantId: TenantId,
  services: Services,
  caller: KeyCaller,
  keyId: KeyId,
): Promise<KeyInUse | undefined> {
  const row = await findKey(tenantId, services.db, keyId, reachOf(caller, "keys:read"));
  return row && (await withLastUses(tenantId, services, [row]))[0];
}

async function withLastUses(tenantId: TenantId, services: Services, rows: KeyRow[]): Promise<KeyInUse[]> {
  if (rows.length === 0) return [];
  const uses = await services.cell(tenantId).lastUses(rows.map(({ id }) => id));
  return rows.map((row) => ({ row, lastUsedMs: uses.get(row.id) }));
}

/** Why a key is not changed. */
export type KeyRefusal =
  | { readonly kind: "key-not-found" }
  | { readonly kind: "ended"; readonly end: KeyEnd }
  | { readonly kind: "excess"; readonly excess: Excess };

/**
 * Change a key. When the call returns, the next request with it meets the change.
 *
 * What it is given must be its own already or within the caller's reach.
 */
export async function changeKey(
  tenantId: TenantId,
  services: Services,
  { caller, keyId, change, by }: { caller: KeyCaller; keyId: KeyId; change: KeyChange; by: Doer },
): Promise<KeyRefusal | { readonly kind: "changed"; readonly changed: KeyInUse }> {
  const nowMs = services.now();
  const held = await findKey(tenantId, services.db, keyId, reachOf(caller, "keys:write"));
  if (!held) return { kind: "key-not-found" };
  if (endOf(held, nowMs)) return await refuseEnded(tenantId, services, keyId);
  const excess = excessOf(
    { scopes: change.scopes ?? [], models: change.models === undefined ? [] : change.models },
    { scopes: [...held.scopes, ...caller.scopes], models: bothModels(held.models, caller.models) },
  );
  if (excess) return { kind: "excess", excess };
  const audit = auditRow(
    { ...by, act: "key.changed", tenantId, targetId: keyId, ...differenceOf(held, change) },
    nowMs,
  );
  const isChange = Object.keys(change).length > 0;
  const row = isChange ? await updateKey(tenantId, services.db, keyId, { change, nowMs, audit }) : held;
  if (!row) return await refuseEnded(tenantId, services, keyId);
  await services.refresh(tenantId, { kind: "key", keyId });
  const [changed] = await withLastUses(tenantId, services, [row]);
  return changed ? { kind: "changed", changed } : { kind: "key-not-found" };
}

/** The models that either may call; null: all. */
function bothModels(one: readonly string[] | null, other: readonly string[] | null): string[] | null {
  return one === null || other === null ? null : [...one, ...other];
}

/** What a change makes otherwise, named as the API names it. */
function differenceOf(held: KeyRow, change: KeyChange): { before: unknown; after: unknown } {
  const [before, after] = [settingsOf(held), settingsOf({ ...held, ...change })];
  const changed = after.filter(([, value], at) => {
    return JSON.stringify(value) !== JSON.stringify(before[at]?.[1]);
  });
  const names = new Set(changed.map(([name]) => name));
  return { before: Object.fromEntries(before.filter(([name]) => names.has(name))), after: Object.fromEntries(changed) };
}

function settingsOf({ name, scopes, allowedIps, limits, models, expiresAtMs }: KeyChange): [string, unknown][] {
  const expiresAt = typeof expiresAtMs === "number" ? toTimestamp(expiresAtMs) : null;
  return Object.entries({ name, scopes, allowed_ips: allowedIps, limits, models, expires_at: expiresAt });
}

/**
 * A key that has ended can't be changed. Its cell is told again: whoever ended it may have failed at that.
 */
export async function refuseEnded(tenantId: TenantId, services: Services, keyId: KeyId): Promise<KeyRefusal> {
  const row = await findKey(tenantId, services.db, keyId, { kind: "tenant" });
  const end = row && endOf(row, services.now());
  if (!end) return { kind: "key-not-found" };
  await services.refresh(tenantId, { kind: "key", keyId });
  if (end.kind === "replaced") await services.refresh(tenantId, { kind: "key", keyId: end.replacedBy });
  return { kind: "ended", end };
}

/**
 * Revoke a key. When the call returns, the next request with the key is refused.
 *
 * May be repeated: should telling the cell fail, the caller gets a fault and revokes again.
 *
 * @returns whether the caller reaches such a key
 */
export async function revokeKey(
  tenantId: TenantId,
  services: Services,
  { caller, keyId, by }: { caller: KeyCaller; keyId: KeyId; by: Doer },
): Promise<boolean> {
  const key = await findKey(tenantId, services.db, keyId, reachOf(caller, "keys:write"));
  if (!key) return false;
  const nowMs = services.now();
  const audit = auditRow({ ...by, act: "key.revoked", tenantId, targetId: keyId }, nowMs);
  await markKeyRevoked(tenantId, services.db, keyId, nowMs, audit);
  await services.refresh(tenantId, { kind: "key", keyId });
  return true;
}
