import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Limits } from "../admission/policies.rules.ts";
import type { CallerId, KeyId, TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import type { KeyMode } from "./keys.rules.ts";
import type { Grant } from "./permissions.rules.ts";

/** API keys: everything but the key itself, of which only the SHA-256 is kept. */
export const apiKeys = sqliteTable(
  "api_keys",
  {
    id: text("id").$type<KeyId>().primaryKey(),
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    name: text("name").notNull(),
    mode: text("mode").$type<KeyMode>().notNull(),
    scopes: text("scopes", { mode: "json" }).$type<Grant[]>().notNull(),
    /** SHA-256 of the key, base64url. */
    hash: text("hash").notNull().unique(),
    /** The key's last four characters, by which people tell keys apart. */
    lastFour: text("last_four").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    revokedAtMs: integer("revoked_at_ms"),
    /** Addresses and networks that the key may be used from; null: any. */
    allowedIps: text("allowed_ips", { mode: "json" }).$type<string[]>(),
    /** Limits of its own, beside the tenant's; null: none. */
    limits: text("limits", { mode: "json" }).$type<Limits>(),
    /** Names of the models that there are for the key; null: all. */
    models: text("models", { mode: "json" }).$type<string[]>(),
    /** From when on it is refused; null: never. */
    expiresAtMs: integer("expires_at_ms"),
    /** Who made it: a caller, or the operator; null where that was not recorded yet. */
    createdBy: text("created_by").$type<CallerId | "operator">(),
    /**
     * The person for whom it speaks, and whose roles bound it; null where it speaks for the tenant alone.
     *
     * No reference: the key of a person who was deleted must not become one that nobody bounds.
     */
    userId: text("user_id").$type<UserId>(),
    /** The key in whose place it came, and the one that came in its place. */
    replaces: text("replaces").$type<KeyId>(),
    replacedBy: text("replaced_by").$type<KeyId>(),
  },
  (table) => [index("api_keys_by_tenant").on(table.tenantId, table.id)],
);

/** A row of {@link apiKeys}. */
export type KeyRow = typeof apiKeys.$inferSelect;
