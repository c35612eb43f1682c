/** Bytes of a number of P-256. */
const NUMBER_BYTES = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Longer addresses are not shown. */
const MAX_SHOWN_URL = 500;
/** What begins like a key of ours is no part of an address that is passed on. */
const LOOKS_LIKE_KEY = /tg(_|%5f)(live|test)(_|%5f)/i;

/** A key that somebody found where others can read it. */
export interface Leak {
  readonly token: string;
  /** The reporter's name for the kind of secret. */
  readonly type: string;
  /** Where it was found; empty where that is not told. */
  readonly url: string;
}

/**
 * An ECDSA signature on P-256 as WebCrypto takes it (r and s, 32 bytes each), from DER, in which numbers are as long as they need
 * be; undefined where it is none.
 *
 * @see RFC 3279 section 2.2.3 (ECDSA-Sig-Value)
 */
export function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined;
  const r = readInteger(der, 2);
  if (!r) return undefined;
  const s = readInteger(der, r.end);
  if (s?.end !== der.length) return undefined;
  const raw = new Uint8Array(2 * NUMBER_BYTES);
  raw.set(r.digits, NUMBER_BYTES - r.digits.length);
  raw.set(s.digits, 2 * NUMBER_BYTES - s.digits.length);
  return raw;
}

function readInteger(der: Uint8Array, at: number): { digits: Uint8Array; end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const [start, end] = [at + 2, at + 2 + length];
  if (der[at] !== INTEGER || length === 0 || end > der.length) return undefined;
  const digits = der.subarray(der[start] === 0 ? start + 1 : start, end);
  return digits.length <= NUMBER_BYTES ? { digits, end } : undefined;
}

/**
 * Where a key was found, as it may be told to people: without its query, in which a key may stand. Undefined where that is no web
 * address, or holds a key itself.
 */
export function shownUrl(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "https:") return undefined;
  const shown = `${parsed.origin}${parsed.pathname}`;
  return shown.length > MAX_SHOWN_URL || LOOKS_LIKE_KEY.test(shown) ? undefined : shown;
}
