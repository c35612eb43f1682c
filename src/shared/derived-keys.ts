import { hkdfSync } from "node:crypto";

/** What a key is for. Each purpose has a key of its own, so that none can stand in for another. */
type Purpose = "file links" | "backend credentials" | "container" | "kept answers" | "identity" | "attempts";

const derived = new Map<string, Uint8Array<ArrayBuffer>>();

/**
 * The key of one purpose, made from the deployment's master key.
 *
 * @returns 32 bytes
 * @see     RFC 5869 (HKDF with SHA-256)
 */
export function derivedKey(masterKey: string, purpose: Purpose): Uint8Array<ArrayBuffer> {
  const known = derived.get(`${purpose} ${masterKey}`);
  if (known) return known;
  const key = new Uint8Array(hkdfSync("sha256", masterKey, "tensorgate", purpose, 32));
  derived.set(`${purpose} ${masterKey}`, key);
  return key;
}

/** The token by which the Worker and its container backend know each other. */
export function containerToken(masterKey: string): string {
  return Buffer.from(derivedKey(masterKey, "container")).toString("base64url");
}
