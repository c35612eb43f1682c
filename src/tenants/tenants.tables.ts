import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../shared/ids.ts";

/** Who owns models and keys, and the limits that its cell enforces. */
export const tenants = sqliteTable("tenants", {
  id: text("id").$type<TenantId>().primaryKey(),
  name: text("name").notNull(),
  status: text("status", { enum: ["active", "suspended"] }).notNull(),
  /** Sustained inferences a second that the token bucket refills. */
  ratePerSecond: integer("rate_per_second").notNull(),
  /** Inferences that may come at once: the size of the token bucket. */
  burst: integer("burst").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
});

/** A row of {@link tenants}. */
export type TenantRow = typeof tenants.$inferSelect;
