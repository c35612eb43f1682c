import { JURISDICTIONS, type Jurisdiction } from "./regions.ts";

/** What each kind of id starts with. */
const PREFIXES = ["ten", "key", "mdl", "ver", "ent", "req", "evt", "usr", "ses", "cli", "rol", "inv", "tea"] as const;
type Prefix = (typeof PREFIXES)[number];

declare const kind: unique symbol;
/** A string that is known to be an id of one kind. */
export type Id<P extends Prefix> = string & { readonly [kind]: P };

export type TenantId = Id<"ten">;
export type KeyId = Id<"key">;
export type ModelId = Id<"mdl">;
export type VersionId = Id<"ver">;
/** One entry of a tenant's usage ledger. */
export type EntryId = Id<"ent">;
/** Something that others are told of. */
export type EventId = Id<"evt">;
/** A person. */
export type UserId = Id<"usr">;
/** A log-in of a person. */
export type SessionId = Id<"ses">;
/** A program that gets tokens of the authorization server. */
export type ClientId = Id<"cli">;
/** A role of a tenant's own. */
export type RoleId = Id<"rol">;
/** An invitation to a tenant. */
export type InvitationId = Id<"inv">;
/** A group of a tenant's members. */
export type TeamId = Id<"tea">;
/** Who calls a tenant's API: an API key, a person with a token, or a client with one of its own. */
export type CallerId = KeyId | UserId | ClientId;

/** The tenant that the platform's own people are members of. */
export const PLATFORM_TENANT_ID = "ten_000000000000000000p1atf0rm" as TenantId;

/** Crockford's base 32 in lower case: no i, l, o or u, and its order is that of the characters. */
export const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";
/** Length of the part after the prefix: 10 characters of time, 16 of randomness. */
export const ID_BODY_LENGTH = 26;

const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
const BODY = new RegExp(`^[0-7][${BASE32}]{${ID_BODY_LENGTH - 1}}$`);
const JURISDICTION_BEFORE_BODY = new RegExp(`^(${JURISDICTIONS.join("|")})_`);

/**
 * Make an id that sorts by the time of its making: `ten_` + 48 bits of milliseconds + 80 random bits.
 *
 * @param nowMs  milliseconds since 1970
 * @see https://github.com/ulid/spec
 */
export function newId<P extends Prefix>(prefix: P, nowMs: number): Id<P> {
  return `${prefix}_${encodeTime(nowMs)}${randomBase32(RANDOM_LENGTH)}` as Id<P>;
}

/**
 * Make a tenant's id: as any other, or with the jurisdiction that holds its cell before the time, as in `ten_eu_…`.
 *
 * The jurisdiction is part of the id so that whoever has the id finds the cell without a look-up, and never beside it.
 */
export function newTenantId(nowMs: number, jurisdiction?: Jurisdiction): TenantId {
  const id = newId("ten", nowMs);
  return jurisdiction === undefined ? id : (`ten_${jurisdiction}_${idBody(id)}` as TenantId);
}

/** The jurisdiction that holds a tenant's cell; undefined for a tenant without one. */
export function jurisdictionOf(tenantId: TenantId): Jurisdiction | undefined {
  return JURISDICTIONS.find((jurisdiction) => tenantId.startsWith(`ten_${jurisdiction}_`));
}

/** What every id of this moment or later is not below, and every earlier one is. */
export function idsFrom(prefix: Prefix, ms: number): string {
  return `${prefix}_${encodeTime(ms)}`;
}

/** Whether a string from outside has the form of an id of this kind. Only a tenant's may name a jurisdiction. */
export function isId<P extends Prefix>(prefix: P, text: string): text is Id<P> {
  if (!text.startsWith(`${prefix}_`)) return false;
  const body = text.slice(prefix.length + 1);
  return BODY.test(prefix === "ten" ? body.replace(JURISDICTION_BEFORE_BODY, "") : body);
}

/** When an id was made, ms since 1970; undefined where the text is no id of this kind. */
export function timeOfId(prefix: Prefix, text: string): number | undefined {
  if (!isId(prefix, text)) return undefined;
  return Array.from(idBody(text).slice(0, TIME_LENGTH)).reduce((ms, digit) => ms * 32 + BASE32.indexOf(digit), 0);
}

/** The part of an id after its prefix: {@link ID_BODY_LENGTH} characters, after the jurisdiction of a tenant that has one. */
export function idBody(id: Id<Prefix>): string {
  return id.slice(id.indexOf("_") + 1);
}

/** The id whose body is known, as in an API key; undefined when it is none. */
export function idFromBody<P extends Prefix>(prefix: P, body: string): Id<P> | undefined {
  const id = `${prefix}_${body}`;
  return isId(prefix, id) ? id : undefined;
}

/** Random characters of 5 bits each. */
export function randomBase32(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let text = "";
  for (const byte of bytes) text += BASE32.charAt(byte & 31);
  return text;
}

function encodeTime(nowMs: number): string {
  let rest = nowMs;
  let text = "";
  for (let i = 0; i < TIME_LENGTH; i++) {
    text = BASE32.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
