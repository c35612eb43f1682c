import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { CallerId, InvitationId, TenantId, UserId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";

/** Who was invited to a tenant by e-mail. Of the token in the mail, only its SHA-256 is kept. */
export const invitations = sqliteTable(
  "invitations",
  {
    id: text("id").$type<InvitationId>().primaryKey(),
    tenantId: text("tenant_id")
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    /** In lower case. */
    email: text("email").notNull(),
    roles: text("roles", { mode: "json" }).$type<string[]>().notNull(),
    /** SHA-256 of the token, base64url. */
    tokenHash: text("token_hash").notNull().unique(),
    /** Whose rights must still cover the roles when the invitation is accepted. */
    invitedBy: text("invited_by").$type<CallerId>().notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    expiresAtMs: integer("expires_at_ms").notNull(),
    /** Null while it is open. */
    acceptedBy: text("accepted_by").$type<UserId>(),
  },
  (table) => [
    uniqueIndex("invitations_by_email").on(table.tenantId, table.email),
    index("invitations_by_tenant").on(table.tenantId, table.id),
  ],
);

/** A row of {@link invitations}. */
export type InvitationRow = typeof invitations.$inferSelect;
