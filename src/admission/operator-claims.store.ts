import { and, eq, inArray, isNull, lte, or, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { Claim, Held, WholeAnswer } from "./claims.rules.ts";
import { operatorClaims } from "./operator-claims.tables.ts";

/** A claim as its taking writes it. */
export type NewClaim = Pick<Claim, "entryId" | "fingerprint" | "startedAtMs" | "leaseEndsAtMs" | "expiresAtMs">;

/** Expired claims that one taking removes: more than it adds, so that they don't pile up. */
const REMOVED_AT_ONCE = 20;

/**
 * Take a key that is free: never seen, expired, or held by the same request whose holder has died.
 *
 * One statement decides, so that of two at the same time one takes it.
 *
 * @returns whether it was taken
 */
export async function takeOperatorClaim(db: Database, id: string, claim: NewClaim): Promise<boolean> {
  const nowMs = claim.startedAtMs;
  const expired = lte(operatorClaims.expiresAtMs, nowMs);
  const abandoned = and(
    eq(operatorClaims.fingerprint, claim.fingerprint),
    isNull(operatorClaims.status),
    lte(operatorClaims.leaseEndsAtMs, nowMs),
  );
  const oldest = db.select({ id: operatorClaims.id }).from(operatorClaims).where(expired).limit(REMOVED_AT_ONCE);
  const remove = db.delete(operatorClaims).where(inArray(operatorClaims.id, oldest));
  const take = db
    .insert(operatorClaims)
    .values({ id, ...claim })
    .onConflictDoUpdate({
      target: operatorClaims.id,
      set: { ...claim, status: null, headers: null, body: null },
      setWhere: or(expired, abandoned) ?? sql`false`,
    })
    .returning({ id: operatorClaims.id });
  const [, taken] = await db.batch([remove, take]);
  return taken.length > 0;
}

/** What a key stands for; undefined when it was never seen or was given back. */
export async function findOperatorClaim(db: Database, id: string): Promise<Claim | undefined> {
  const [row] = await db.select().from(operatorClaims).where(eq(operatorClaims.id, id));
  if (!row) return undefined;
  const { status, headers, body } = row;
  const answer =
    status === null || headers === null || body === null ? undefined : { status, headers, body: new Uint8Array(body) };
  return { ...row, versionId: undefined, state: answer ? "ended" : "running", answer };
}

/** Keep what the holder of a key was answered. */
export async function keepOperatorAnswer(
  db: Database,
  { claimId, entryId }: Held,
  { status, headers, body }: WholeAnswer,
): Promise<void> {
  await db
    .update(operatorClaims)
    .set({ status, headers, body: Buffer.from(body) })
    .where(and(eq(operatorClaims.id, claimId), eq(operatorClaims.entryId, entryId)));
}

/** Give a key back: its request ended without anything to repeat. */
export async function releaseOperatorClaim(db: Database, { claimId, entryId }: Held): Promise<void> {
  await db.delete(operatorClaims).where(and(eq(operatorClaims.id, claimId), eq(operatorClaims.entryId, entryId)));
}
