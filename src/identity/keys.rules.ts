import { isModelOf } from "../admission/credentials.rules.ts";
import type { Limits } from "../admission/policies.rules.ts";
import {
  BASE32,
  type CallerId,
  ID_BODY_LENGTH,
  type KeyId,
  type TenantId,
  type UserId,
  idBody,
  idFromBody,
  randomBase32,
} from "../shared/ids.ts";
import { JURISDICTIONS } from "../shared/regions.ts";
import { type Grant, excessGrants, holds } from "./permissions.rules.ts";

/** `live` keys serve customers; `test` keys mark calls made while developing. */
export const KEY_MODES = ["live", "test"] as const;
export type KeyMode = (typeof KEY_MODES)[number];

/** What a key is to be called and allowed. */
export interface KeyWish {
  readonly name: string;
  readonly scopes: Grant[];
  readonly mode: KeyMode;
  /** Addresses and networks that it may be used from; null: any. */
  readonly allowedIps: string[] | null;
  /** Limits of its own; null: none. */
  readonly limits: Limits | null;
  /** Names of the models that there are for it; null: all. */
  readonly models: string[] | null;
  /** From when on it is refused, ms since 1970; null: never. */
  readonly expiresAtMs: number | null;
}

/** What of a key may be changed. */
export type KeyChange = Partial<Omit<KeyWish, "mode">>;

/** A key may not be made to last longer: 10 years of 365 days, in ms. */
const LONGEST_LIFE_MS = 10 * 365 * 86_400_000;

/** Whether a key may expire then: at a moment to come, but not in the far future, where nobody looks after it any longer. */
export function isExpiry(ms: number, nowMs: number): boolean {
  return ms > nowMs && ms <= nowMs + LONGEST_LIFE_MS;
}

/** Who asks for something about keys. */
export interface KeyCaller {
  readonly callerId: CallerId;
  readonly userId: UserId | null;
  readonly scopes: readonly Grant[];
  readonly models: readonly string[] | null;
}

/** Whose keys are meant: all of the tenant's, those that speak for a person, or those that a caller without one has made. */
export type Whose =
  | { readonly kind: "tenant" }
  | { readonly kind: "person"; readonly userId: UserId }
  | { readonly kind: "maker"; readonly callerId: CallerId };

/** Whose keys a caller reaches who holds a permission: with `…:own`, those of its person alone. */
export function reachOf(caller: KeyCaller, permission: "keys:read" | "keys:write"): Whose {
  if (holds(caller.scopes, permission)) return { kind: "tenant" };
  const { callerId, userId } = caller;
  return userId === null ? { kind: "maker", callerId } : { kind: "person", userId };
}

/** What a caller can't give to a key, because it is beyond its own reach; undefined when all is within it. */
export type Excess =
  | { readonly kind: "scopes"; readonly scopes: readonly Grant[] }
  /** Empty where the key was to be allowed all models. */
  | { readonly kind: "models"; readonly models: readonly string[] };

/** Nobody gives a key what they don't have: neither scopes, nor models that there are not for them. */
export function excessOf(wish: Pick<KeyWish, "scopes" | "models">, held: Pick<KeyCaller, "scopes" | "models">) {
  const scopes = excessGrants(wish.scopes, held.scopes);
  if (scopes.length > 0) return { kind: "scopes", scopes } as const satisfies Excess;
  if (held.models === null) return undefined;
  const models = (wish.models ?? []).filter((name) => !isModelOf(held, name));
  if (wish.models !== null && models.length === 0) return undefined;
  return { kind: "models", models } as const satisfies Excess;
}

/** What of a key's row says whether it is in use. */
interface KeyState {
  readonly revokedAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly replacedBy: KeyId | null;
}

/** How a key has ended, so that nothing of it is to be changed any more; undefined for one that is in use. */
export function endOf({ revokedAtMs, expiresAtMs, replacedBy }: KeyState, nowMs: number): KeyEnd | undefined {
  if (replacedBy !== null) return { kind: "replaced", replacedBy };
  if (revokedAtMs !== null) return { kind: "revoked" };
  return expiresAtMs !== null && nowMs >= expiresAtMs ? { kind: "expired" } : undefined;
}

export type KeyEnd =
  | { readonly kind: "revoked" }
  | { readonly kind: "expired" }
  | { readonly kind: "replaced"; readonly replacedBy: KeyId };

/** What an API key says about itself before anybody is asked. */
export interface ParsedKey {
  readonly mode: KeyMode;
  readonly tenantId: TenantId;
}

const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 7;
const TENANT = `(?:(?:${JURISDICTIONS.join("|")})_)?[${BASE32}]{${ID_BODY_LENGTH}}`;
const FORM = new RegExp(`^tg_(live|test)_(${TENANT})[${BASE32}]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

/**
 * Make a new API key: `tg_live_` + the tenant's id without its prefix (26, or `eu_` and 26) + 160 random bits (32) +
 * CRC-32 of all before it (7).
 *
 * It carries the tenant's id so that a request finds its cell without a look-up, and a checksum so that a mistyped or
 * truncated key is refused without one.
 */
export function newApiKey(tenantId: TenantId, mode: KeyMode): string {
  const unsigned = `tg_${mode}_${idBody(tenantId)}${randomBase32(SECRET_LENGTH)}`;
  return unsigned + checksum(unsigned);
}

/** Read a key's tenant and mode, or undefined when it was never a key of ours or lost a character on the way. */
export function parseApiKey(text: string): ParsedKey | undefined {
  const [, mode, tenant] = FORM.exec(text) ?? [];
  if ((mode !== "live" && mode !== "test") || tenant === undefined) return undefined;
  if (checksum(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  const tenantId = idFromBody("ten", tenant);
  return tenantId === undefined ? undefined : { mode, tenantId };
}

/** CRC-32 (IEEE 802.3) as 7 characters of base 32, most significant first. */
function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0);
  }
  let rest = ~crc >>> 0;
  let encoded = "";
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    encoded = BASE32.charAt(rest & 31) + encoded;
    rest >>>= 5;
  }
  return encoded;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
