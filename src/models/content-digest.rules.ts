/**
 * The SHA-256 that a Content-Digest header promises.
 *
 * @returns base64; `absent` when the header names no SHA-256; `malformed` when it names one that can't be one
 * @see RFC 9530 section 2: `Content-Digest: sha-256=:d435Qo+…=:`
 */
export function promisedSha256(header: string | undefined): { base64: string } | "absent" | "malformed" {
  const member = (header ?? "")
    .split(",")
    .map((part) => part.trim())
    .find((part) => /^sha-256\s*=/i.test(part));
  if (member === undefined) return "absent";
  const base64 = /^sha-256=:([A-Za-z0-9+/]{43}=):$/i.exec(member)?.[1];
  return base64 === undefined ? "malformed" : { base64 };
}
