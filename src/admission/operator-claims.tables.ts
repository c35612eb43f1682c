import { blob, index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { EntryId } from "../shared/ids.ts";

/** Idempotency keys of the operator's requests, who has no cell, and the answers that are given again. */
export const operatorClaims = sqliteTable(
  "operator_claims",
  {
    /** Route and key. */
    id: text("id").primaryKey(),
    /** Of the holder: another one has another. */
    entryId: text("entry_id").$type<EntryId>().notNull(),
    fingerprint: text("fingerprint").notNull(),
    startedAtMs: integer("started_at_ms").notNull(),
    leaseEndsAtMs: integer("lease_ends_at_ms").notNull(),
    expiresAtMs: integer("expires_at_ms").notNull(),
    /** Null while the request runs. */
    status: integer("status"),
    headers: text("headers", { mode: "json" }).$type<Readonly<Record<string, string>>>(),
    /** Sealed. */
    body: blob("body", { mode: "buffer" }),
  },
  (table) => [index("operator_claims_by_expiry").on(table.expiresAtMs)],
);
