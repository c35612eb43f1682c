import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { EventId, TenantId } from "../shared/ids.ts";
import type { Act, Actor } from "./audit.rules.ts";

/** What was done that bears on security: rows are added, never changed. */
export const auditEvents = sqliteTable(
  "audit_events",
  {
    /** Ids sort by the time of the act. */
    id: text("id").$type<EventId>().primaryKey(),
    atMs: integer("at_ms").notNull(),
    /** The tenant that it concerns; null where it concerns a person or the platform alone. */
    tenantId: text("tenant_id").$type<TenantId>(),
    act: text("act").$type<Act>().notNull(),
    actorKind: text("actor_kind").$type<Actor["kind"]>().notNull(),
    /** Null where nobody is known, as with a log-in that failed. */
    actorId: text("actor_id"),
    /** What it was done to: an id of ours. */
    targetId: text("target_id"),
    /** The caller's address; empty where nothing says it. */
    ipAddress: text("ip_address").notNull(),
    userAgent: text("user_agent").notNull(),
    requestId: text("request_id").notNull(),
    /** What the target was before, as far as it changed; JSON. Never a secret. */
    before: text("before", { mode: "json" }).$type<unknown>(),
    after: text("after", { mode: "json" }).$type<unknown>(),
  },
  (table) => [
    index("audit_events_by_tenant").on(table.tenantId, table.id),
    index("audit_events_by_target").on(table.targetId, table.id),
    index("audit_events_by_actor").on(table.actorId, table.id),
  ],
);
