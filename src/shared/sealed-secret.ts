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
  const sealed = Buffer.from(await sealBytes(key, place, Buffer.from(secret)));
  return {
    iv: sealed.subarray(0, IV_BYTES).toString("base64url"),
    ciphertext: sealed.subarray(IV_BYTES).toString("base64url"),
  };
}

/** @throws when the secret was sealed with another key or for another place, or was changed */
export async function unseal(key: Uint8Array<ArrayBuffer>, place: string, sealed: SealedSecret): Promise<string> {
  const parts = [Buffer.from(sealed.iv, "base64url"), Buffer.from(sealed.ciphertext, "base64url")];
  return Buffer.from(await unsealBytes(key, place, Buffer.concat(parts))).toString();
}

/**
 * {@link seal} for bytes that are kept as bytes.
 *
 * @returns 12 bytes of initialisation vector, the ciphertext, 16 bytes of tag
 */
export async function sealBytes(
  key: Uint8Array<ArrayBuffer>,
  place: string,
  plain: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const algorithm = { name: "AES-GCM", iv, additionalData: Buffer.from(place) };
  const ciphertext = await crypto.subtle.encrypt(algorithm, await importKey(key, "encrypt"), plain);
  const sealed = new Uint8Array(IV_BYTES + ciphertext.byteLength);
  sealed.set(iv);
  sealed.set(new Uint8Array(ciphertext), IV_BYTES);
  return sealed;
}

/** @throws when the bytes were sealed with another key or for another place, or were changed */
export async function unsealBytes(
  key: Uint8Array<ArrayBuffer>,
  place: string,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = sealed.subarray(0, IV_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: Buffer.from(place) };
  const opening = await importKey(key, "decrypt");
  return new Uint8Array(await crypto.subtle.decrypt(algorithm, opening, sealed.subarray(IV_BYTES)));
}

async function importKey(key: Uint8Array<ArrayBuffer>, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", key, "AES-GCM", false, [use]);
}
