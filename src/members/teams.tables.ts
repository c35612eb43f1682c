import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { TeamId, TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { members } from "./members.tables.ts";

/** Groups of a tenant's members. They allow nothing: only roles do. */
export const teams = sqliteTable(
  "teams",
  {
    id: text("id").$type<TeamId>().primaryKey(),
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    name: text("name").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [uniqueIndex("teams_by_name").on(table.tenantId, table.name)],
);

/** Who is in which team: members only, and no longer than they are members. */
export const teamMembers = sqliteTable(
  "team_members",
  {
    tenantId: text("tenant_id").$type<TenantId>().notNull(),
    teamId: text("team_id")
      .$type<TeamId>()
      .notNull()
      .references(() => teams.id, { onDelete: "cascade" }),
    userId: text("user_id").$type<UserId>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.teamId, table.userId] }),
    index("team_members_by_member").on(table.tenantId, table.userId),
    foreignKey({
      columns: [table.tenantId, table.userId],
      foreignColumns: [members.tenantId, members.userId],
    }).onDelete("cascade"),
  ],
);

/** A row of {@link teams}. */
export type TeamRow = typeof teams.$inferSelect;
