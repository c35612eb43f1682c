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
  maxModels: integer("max_models").notNull().default(100),
  /** Of each model. */
  maxVersions: integer("max_versions").notNull().default(50),
  /** All files of all versions together. */
  maxStoredBytes: integer("max_stored_bytes")
    .notNull()
    .default(10 * 1024 ** 3),
  /** How long one inference may run, in milliseconds. */
  maxRunMs: integer("max_run_ms").notNull().default(10_000),
  createdAtMs: integer("created_at_ms").notNull(),
});

/** A row of {@link tenants}. */
export type TenantRow = typeof tenants.$inferSelect;
/** The columns of a tenant's limits. */
export type TenantLimits = Omit<TenantRow, "id" | "name" | "status" | "createdAtMs">;
/** Limits to change; those that are undefined stay. */
export type TenantLimitPatch = { readonly [K in keyof TenantLimits]?: TenantLimits[K] | undefined };
