import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";

/** Keep an act whose change is not ours to write in the same batch. */
export async function insertAct(db: Database, audit: AuditRow): Promise<void> {
  await db.insert(auditEvents).values(audit);
}
