import { createHmac, timingSafeEqual } from "node:crypto";

/** How long a link to a file holds, in milliseconds: long enough to fetch 1 GiB at 10 MB a second. */
const LINK_LIFETIME_MS = 120_000;
/** Links of the same two minutes are equal, so that one is made once for many inferences. */
const LINK_STEP_MS = 60_000;

/**
 * A link by which whoever has it may fetch one file, for the next one to two minutes: the container has no other way to R2.
 *
 * `/files/<object key, base64url>.<expiry, ms since 1970>.<HMAC-SHA256 of both, base64url>`
 */
export function fileLink(key: Uint8Array, objectKey: string, nowMs: number): string {
  const expiresMs = Math.ceil(nowMs / LINK_STEP_MS) * LINK_STEP_MS + LINK_LIFETIME_MS - LINK_STEP_MS;
  const content = `${Buffer.from(objectKey).toString("base64url")}.${expiresMs}`;
  return `/files/${content}.${signature(key, content)}`;
}

/** The object key that a link leads to; undefined when it was not made here, or its time is over. */
export function readFileLink(key: Uint8Array, token: string, nowMs: number): string | undefined {
  const [encoded, expiresMs, given] = token.split(".");
  if (encoded === undefined || expiresMs === undefined || given === undefined) return undefined;
  const expected = Buffer.from(signature(key, `${encoded}.${expiresMs}`));
  const actual = Buffer.from(given);
  if (actual.byteLength !== expected.byteLength || !timingSafeEqual(actual, expected)) return undefined;
  return nowMs < Number(expiresMs) ? Buffer.from(encoded, "base64url").toString() : undefined;
}

function signature(key: Uint8Array, content: string): string {
  return createHmac("sha256", key).update(content).digest("base64url");
}
