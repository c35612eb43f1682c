import { sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";

/**
 * The audit row of a change that depends on a condition: it is kept when the statement before it in the batch changed a row, and
 * not otherwise.
 */
export function recordIfChanged(db: Database, audit: AuditRow) {
  return db.insert(auditEvents).select(
    sql`SELECT ${audit.id}, ${audit.atMs}, ${audit.tenantId}, ${audit.act}, ${audit.actorKind}, ${audit.actorId}, ${audit.targetId},
        ${audit.ipAddress}, ${audit.userAgent}, ${audit.requestId}, ${jsonOrNull(audit.before)}, ${jsonOrNull(audit.after)}
        WHERE changes() > 0`,
  );
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
