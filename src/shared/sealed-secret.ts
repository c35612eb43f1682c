/** A secret that only who holds the key can open. Both parts are base64url. */
export interface SealedSecret {
  readonly iv: string;
  readonly ciphertext: string;
}

const IV_BYTES = 12;

/**
 * Seal a secret for the one place that it is stored in.
 *
 * @param key    32 bytes
 * @param place  what it belongs to, such as its tenant and row: it can't be opened anywhere else
 * @see          NIST SP 800-38D (AES-256-GCM)
 */
export async function seal(key: Uint8Array<ArrayBuffer>, place: string, secret: string): Promise<SealedSecret> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const ciphertext = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: Buffer.from(place) },
    await importKey(key, "encrypt"),
    Buffer.from(secret),
  );
  return { iv: Buffer.from(iv).toString("base64url"), ciphertext: Buffer.from(ciphertext).toString("base64url") };
}

/** @throws when the secret was sealed with another key or for another place, or was changed */
export async function unseal(key: Uint8Array<ArrayBuffer>, place: string, sealed: SealedSecret): Promise<string> {
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: Buffer.from(sealed.iv, "base64url"), additionalData: Buffer.from(place) },
    await importKey(key, "decrypt"),
    Buffer.from(sealed.ciphertext, "base64url"),
  );
  return Buffer.from(plain).toString();
}

async function importKey(key: Uint8Array<ArrayBuffer>, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", key, "AES-GCM", false, [use]);
}
