import { desc, eq, lte, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import { type OutboxEmail, outboxEmails } from "./outbox.tables.ts";

/** Mails that the outbox keeps: the newest ones. */
export const OUTBOX_CAPACITY = 500;

/** Put a mail in, and drop those that the outbox has no room for, in one transaction. */
export async function addToOutbox(db: Database, email: Omit<OutboxEmail, "number">): Promise<void> {
  const newest = sql`(SELECT max(${outboxEmails.number}) FROM ${outboxEmails})`;
  await db.batch([
    db.insert(outboxEmails).values(email),
    db.delete(outboxEmails).where(lte(outboxEmails.number, sql`${newest} - ${OUTBOX_CAPACITY}`)),
  ]);
}

/** The mails that are kept, the newest first: all, or those to one address. */
export async function listOutbox(db: Database, recipient?: string): Promise<OutboxEmail[]> {
  const wanted = recipient === undefined ? undefined : eq(outboxEmails.recipient, recipient);
  return await db.select().from(outboxEmails).where(wanted).orderBy(desc(outboxEmails.number)).limit(OUTBOX_CAPACITY);
}

/** One mail; undefined when it was never there or had to go. */
export async function findInOutbox(db: Database, number: number): Promise<OutboxEmail | undefined> {
  const [email] = await db.select().from(outboxEmails).where(eq(outboxEmails.number, number));
  return email;
}
