import { type SQL, and, eq, inArray, lt } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../shared/database.ts";
import {
  deviceCodes,
  oauthAccessTokens,
  oauthClientAssertions,
  oauthRefreshTokens,
  sessions,
  users,
  verifications,
} from "./auth.tables.ts";

/** Rows that one sweep removes of each table at most, so that it stays short. */
const ROWS_AT_ONCE = 1_000;
const DAY_MS = 86_400_000;
/** Who has not shown in this time that an address is theirs holds it no longer. */
const UNVERIFIED_MS = 7 * DAY_MS;
/** What is over stays for a day, for whoever looks into what happened. */
const KEPT_MS = DAY_MS;

/** Remove what nobody can use any more: log-ins, links, codes and tokens that are over, and accounts that were never verified. */
export async function sweepIdentity(db: Database, nowMs: number): Promise<void> {
  const over = new Date(nowMs - KEPT_MS);
  const expiring = [
    sessions,
    verifications,
    deviceCodes,
    oauthAccessTokens,
    oauthRefreshTokens,
    oauthClientAssertions,
  ] as const;
  const unverified = and(eq(users.emailVerified, false), lt(users.createdAt, new Date(nowMs - UNVERIFIED_MS)));
  await db.batch([
    removeSome(db, users, unverified),
    ...expiring.map((table) => removeSome(db, table, lt(table.expiresAt, over))),
  ]);
}

function removeSome(db: Database, table: SQLiteTable & { readonly id: SQLiteColumn }, which: SQL | undefined) {
  return db
    .delete(table)
    .where(inArray(table.id, db.select({ id: table.id }).from(table).where(which).limit(ROWS_AT_ONCE)));
}
