import { z } from "zod";
import { type Doer, auditRow } from "../events/audit.rules.ts";
import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import { type SigningKey, isDue, signsFrom, stateOf } from "./signing-keys.rules.ts";
import { type SigningKeyRow, insertSigningKey, listKeyTimes, loadPublicKeys } from "./signing-keys.store.ts";

/** What rotation needs of the world outside. */
export interface RotationServices {
  readonly db: Database;
  readonly now: Clock;
  /** Make a key pair that begins to sign at this time; its private half comes encrypted. */
  readonly newSigningKey: (signsFromMs: number) => Promise<SigningKeyRow>;
}

/** All keys, the youngest first. */
export async function readSigningKeys({ db, now }: Pick<RotationServices, "db" | "now">): Promise<SigningKey[]> {
  const keys = await listKeyTimes(db);
  const nowMs = now();
  return keys.map((key) => ({ ...key, state: stateOf(key, keys, nowMs) }));
}

/** The public half of an Ed25519 key. Whatever else were to stand there is not shown. @see RFC 8037 section 2 */
const publicKeySchema = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() });

/** The keys that tokens may be signed with, as JSON Web Keys. */
export async function readKeySet({ db, now }: Pick<RotationServices, "db" | "now">): Promise<object[]> {
  const keys = await loadPublicKeys(db, now());
  return keys.map(({ kid, jwk }) => ({ ...publicKeySchema.parse(JSON.parse(jwk)), kid, alg: "EdDSA", use: "sig" }));
}

/** Make the next key: it is published now, and signs when everybody has had the time to see it. */
export async function rotateSigningKeys(services: RotationServices, by: Doer): Promise<SigningKey> {
  const { db, now, newSigningKey } = services;
  const nowMs = now();
  const key = await newSigningKey(signsFrom(await listKeyTimes(db), nowMs));
  const after = { kid: key.id, signs_from: key.createdAt.toISOString() };
  const audit = auditRow({ ...by, act: "signing_key.rotated", tenantId: null, targetId: key.id, after }, nowMs);
  await insertSigningKey(db, key, audit);
  const times = {
    kid: key.id,
    signsFromMs: key.createdAt.getTime(),
    signsUntilMs: key.expiresAt?.getTime() ?? null,
  };
  return { ...times, state: stateOf(times, [times], nowMs) };
}

const SCHEDULE: Doer = {
  actor: { kind: "system" },
  origin: { ipAddress: "", userAgent: "", requestId: "" },
};

/** The hourly look whether it is time for the next key. */
export async function rotateWhenDue(services: RotationServices): Promise<void> {
  if (isDue(await listKeyTimes(services.db), services.now())) await rotateSigningKeys(services, SCHEDULE);
}
