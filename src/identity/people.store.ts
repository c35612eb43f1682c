import { and, eq, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import { members } from "../members/members.tables.ts";
import type { Database } from "../shared/database.ts";
import type { SessionId, UserId } from "../shared/ids.ts";
import {
  deviceCodes,
  oauthAccessTokens,
  oauthClients,
  oauthConsents,
  oauthRefreshTokens,
  passkeys,
  secondFactors,
  sessions,
  users,
  verifications,
} from "./auth.tables.ts";

/** A row of {@link users}. */
export type UserRow = typeof users.$inferSelect;

/** One person, or undefined. */
export async function findPerson(db: Database, userId: UserId): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(eq(users.id, userId));
  return row;
}

/** The person of an address, or undefined. */
export async function findPersonByEmail(db: Database, email: string): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(eq(users.email, email.toLowerCase()));
  return row;
}

/** Suspend or reinstate a person. */
export async function updatePersonStatus(
  db: Database,
  userId: UserId,
  status: UserRow["status"],
  audit: AuditRow,
): Promise<void> {
  await db.batch([db.update(users).set({ status }).where(eq(users.id, userId)), db.insert(auditEvents).values(audit)]);
}

/** The log-ins of a person that have not ended. */
export async function sessionsOfPerson(db: Database, userId: UserId): Promise<SessionId[]> {
  const rows = await db.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, userId));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this server makes the ids, all of them in this form
  return rows.map(({ id }) => id as SessionId);
}

/** End all log-ins of a person. */
export async function deleteSessionsOfPerson(db: Database, userId: UserId): Promise<void> {
  await db.delete(sessions).where(eq(sessions.userId, userId));
}

/** Remove the account of an address that nobody has shown to be theirs, with its password. */
export async function deleteUnverified(db: Database, email: string): Promise<void> {
  await db.delete(users).where(and(eq(users.email, email.toLowerCase()), eq(users.emailVerified, false)));
}

/**
 * Make links for setting a new password worthless, and log-ins that wait for their second factor: they are of before the password or
 * the address changed. Nothing but a person's id tells these rows, whose identifiers are hashed.
 */
export async function deleteResetLinks(db: Database, userId: string): Promise<void> {
  await db.delete(verifications).where(eq(verifications.value, userId));
}

/** End what clients were allowed for as long as they like: a new password is to keep out whoever knew the old one, by any way. */
export async function deleteRefreshTokens(db: Database, userId: string): Promise<void> {
  await db.delete(oauthRefreshTokens).where(eq(oauthRefreshTokens.userId, userId));
}

/** Remove a person from all tenants, and what is their own and would otherwise hold their row. Clients that they registered stay the tenant's. */
export async function deleteBelongings(db: Database, userId: UserId): Promise<void> {
  await db.batch([
    db.delete(members).where(eq(members.userId, userId)),
    db.delete(secondFactors).where(eq(secondFactors.userId, userId)),
    db.delete(passkeys).where(eq(passkeys.userId, userId)),
    db.delete(oauthAccessTokens).where(eq(oauthAccessTokens.userId, userId)),
    db.delete(oauthRefreshTokens).where(eq(oauthRefreshTokens.userId, userId)),
    db.delete(oauthConsents).where(eq(oauthConsents.userId, userId)),
    db.delete(deviceCodes).where(eq(deviceCodes.userId, userId)),
    db.delete(verifications).where(eq(verifications.value, userId)),
    db
      .update(oauthClients)
      .set({ userId: sql`null` })
      .where(eq(oauthClients.userId, userId)),
  ]);
}
