import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import type { AuditRow } from "./audit.rules.ts";
import { type AuditFilter, insertAuditEvent, listAllAuditEvents, listAuditEvents } from "./audit.store.ts";

/** Whose acts are asked for: all that concern one tenant, or all. */
export type AuditScope = TenantId | "platform";

/** Rows that D1 is asked for at a time. */
const PART_ROWS = 500;

/** Record an act that changes nothing else in D1. One that does is written by its own store, in the batch of the change. */
export async function recordAct(db: Database, row: AuditRow): Promise<void> {
  await insertAuditEvent(db, row);
}

/** Acts, newest first: so many, older than the one that `after` names. */
export async function readAudit(
  scope: AuditScope,
  db: Database,
  { limit, after, ...filter }: AuditFilter & { readonly limit: number; readonly after: string | undefined },
): Promise<AuditRow[]> {
  if (scope === "platform") return await listAllAuditEvents(db, filter, { limit, after });
  return await listAuditEvents(scope, db, filter, { limit, after });
}

/** All acts as JSON Lines, newest first, read as they are taken. */
export async function* exportAudit(
  scope: AuditScope,
  db: Database,
  { most, after: start, ...filter }: AuditFilter & { readonly most: number; readonly after: string | undefined },
  present: (row: AuditRow) => object,
): AsyncGenerator<Uint8Array> {
  let [left, after] = [most, start];
  while (left > 0) {
    const limit = Math.min(left, PART_ROWS);
    const rows = await readAudit(scope, db, { ...filter, limit, after });
    if (rows.length > 0) yield Buffer.from(rows.map((row) => `${JSON.stringify(present(row))}\n`).join(""));
    if (rows.length < limit) return;
    left -= rows.length;
    after = rows.at(-1)?.id;
  }
}
