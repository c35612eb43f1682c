import type { Database } from "../shared/database.ts";
import type { AuditRow } from "./audit.rules.ts";
import { insertAuditEvent } from "./audit.store.ts";

/** Record an act that changes nothing else in D1. One that does is written by its own store, in the batch of the change. */
export async function recordAct(db: Database, row: AuditRow): Promise<void> {
  await insertAuditEvent(db, row);
}
