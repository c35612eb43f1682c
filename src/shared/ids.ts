/** What each kind of id starts with. */
const PREFIXES = ["ten", "key", "mdl", "ver", "ent", "req"] as const;
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

/** Crockford's base 32 in lower case: no i, l, o or u, and its order is that of the characters. */
export const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";
/** Length of the part after the prefix: 10 characters of time, 16 of randomness. */
export const ID_BODY_LENGTH = 26;

const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
const BODY = new RegExp(`^[0-7][${BASE32}]{${ID_BODY_LENGTH - 1}}$`);

/**
 * Make an id that sorts by the time of its making: `ten_` + 48 bits of milliseconds + 80 random bits.
 *
 * @param nowMs  milliseconds since 1970
 * @see https://github.com/ulid/spec
 */
export function newId<P extends Prefix>(prefix: P, nowMs: number): Id<P> {
  return `${prefix}_${encodeTime(nowMs)}${randomBase32(RANDOM_LENGTH)}` as Id<P>;
}

/** Whether a string from outside has the form of an id of this kind. */
export function isId<P extends Prefix>(prefix: P, text: string): text is Id<P> {
  return text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1));
}

/** When an id was made, ms since 1970; undefined where the text is no id of this kind. */
export function timeOfId(prefix: Prefix, text: string): number | undefined {
  if (!isId(prefix, text)) return undefined;
  return Array.from(idBody(text).slice(0, TIME_LENGTH)).reduce((ms, digit) => ms * 32 + BASE32.indexOf(digit), 0);
}

/** The part of an id after its prefix, of {@link ID_BODY_LENGTH} characters. */
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
