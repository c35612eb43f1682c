import type { Database } from "../shared/database.ts";
import type { AuditRow } from "./audit.rules.ts";
import { auditEvents } from "./audit.tables.ts";

/** Keep an act that changed nothing else. */
export async function insertAuditEvent(db: Database, row: AuditRow): Promise<void> {
  await db.insert(auditEvents).values(row);
}
