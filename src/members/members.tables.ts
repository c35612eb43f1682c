import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { Grant } from "../identity/permissions.rules.ts";
import { users } from "../identity/auth.tables.ts";
import type { RoleId, TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";

/** Who belongs to a tenant: each person once, with the roles they have there. */
export const members = sqliteTable(
  "members",
  {
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    userId: text("user_id")
      .$type<UserId>()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** Names of built-in roles and of the tenant's own. */
    roles: text("roles", { mode: "json" }).$type<string[]>().notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.userId] }), index("members_by_user").on(table.userId)],
);

/** Roles that a tenant has of its own. */
export const roles = sqliteTable(
  "roles",
  {
    id: text("id").$type<RoleId>().primaryKey(),
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    name: text("name").notNull(),
    description: text("description").notNull(),
    grants: text("grants", { mode: "json" }).$type<Grant[]>().notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [uniqueIndex("roles_by_name").on(table.tenantId, table.name)],
);

/** A row of {@link members}. */
export type MemberRow = typeof members.$inferSelect;
/** A row of {@link roles}. */
export type RoleRow = typeof roles.$inferSelect;
