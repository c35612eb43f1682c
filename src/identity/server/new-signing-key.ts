import { symmetricEncrypt } from "better-auth/crypto";
import { generateExportedKeyPair } from "better-auth/plugins/jwt";
import { newId } from "../../shared/ids.ts";
import { LIFETIME_MS } from "../signing-keys.rules.ts";
import type { SigningKeyRow } from "../signing-keys.store.ts";

/** A new key pair in the form of better-auth, whose private half only who knows the secret can read. */
export async function newSigningKey(secret: string, signsFromMs: number): Promise<SigningKeyRow> {
  const { publicWebKey, privateWebKey } = await generateExportedKeyPair({
    jwks: { keyPairConfig: { alg: "EdDSA", crv: "Ed25519" } },
  });
  return {
    id: newId("evt", signsFromMs).slice("evt_".length),
    publicKey: JSON.stringify(publicWebKey),
    privateKey: JSON.stringify(await symmetricEncrypt({ key: secret, data: JSON.stringify(privateWebKey) })),
    createdAt: new Date(signsFromMs),
    expiresAt: new Date(signsFromMs + LIFETIME_MS),
    alg: "EdDSA",
    crv: "Ed25519",
  };
}
