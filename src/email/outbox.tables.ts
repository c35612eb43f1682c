import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Mails of a deployment that sends none: on a developer's machine and in tests. */
export const outboxEmails = sqliteTable("outbox_emails", {
  /** Later mails have higher numbers, and no number is given twice. */
  number: integer("number").primaryKey({ autoIncrement: true }),
  sentAtMs: integer("sent_at_ms").notNull(),
  recipient: text("recipient").notNull(),
  template: text("template").notNull(),
  subject: text("subject").notNull(),
  text: text("text").notNull(),
  html: text("html").notNull(),
});

/** A mail that was not sent but kept. */
export type OutboxEmail = typeof outboxEmails.$inferSelect;
