/**
 * Read an Idempotency-Key header.
 *
 * A structured-field string, quoted; the bare form that many clients send is taken for the same key.
 *
 * @returns `absent` without a header, `malformed` when it is neither form or longer than 255 characters
 * @see draft-ietf-httpapi-idempotency-key-header-07, RFC 8941 section 3.3.3
 */
export function readIdempotencyKey(header: string | undefined): { key: string } | "absent" | "malformed" {
  if (header === undefined) return "absent";
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, "$1");
  const key = quoted ?? /^[\x21\x23-\x7e]+$/.exec(header)?.[0];
  return key === undefined || key.length === 0 || key.length > 255 ? "malformed" : { key };
}

/**
 * Whether an answer is given again under its key.
 *
 * Successes and refusals that the same request would meet again. Not what says that it may be tried again (408, 409, 429), not
 * what is wrong with the credential and not with the request (401, 403), and not what failed on our side: then the key is free.
 */
export function isKept(status: number): boolean {
  return (status >= 200 && status < 300) || (status >= 400 && status < 500 && !TRIED_AGAIN.has(status));
}

const TRIED_AGAIN = new Set([401, 403, 408, 409, 429]);
