import type { Limits } from "../admission/policies.rules.ts";
import { BASE32, ID_BODY_LENGTH, type TenantId, idBody, idFromBody, randomBase32 } from "../shared/ids.ts";
import { JURISDICTIONS } from "../shared/regions.ts";
import type { Grant } from "./permissions.rules.ts";

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
}

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
