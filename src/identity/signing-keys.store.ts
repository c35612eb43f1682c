import type { Database } from "../shared/database.ts";
import { signingKeys } from "./auth.tables.ts";
import type { PublicKey } from "./signing-keys.ts";

/** How long tokens of a key that no longer signs are still believed: longer than any of them lives. */
export const OVERLAP_SECONDS = 86_400;

/** The public halves of all keys whose tokens are believed now. */
export async function loadPublicKeys(db: Database, nowMs: number): Promise<PublicKey[]> {
  const { id, publicKey, expiresAt } = signingKeys;
  const rows = await db.select({ id, publicKey, expiresAt }).from(signingKeys);
  return rows
    .map((row) => {
      const verifiesUntilMs = row.expiresAt && row.expiresAt.getTime() + OVERLAP_SECONDS * 1000;
      return { kid: row.id, jwk: row.publicKey, verifiesUntilMs };
    })
    .filter(({ verifiesUntilMs }) => verifiesUntilMs === null || verifiesUntilMs > nowMs);
}
