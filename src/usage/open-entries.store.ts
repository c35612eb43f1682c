import type { Hold } from "../admission/meters.rules.ts";
import type { EntryId } from "../shared/ids.ts";
import type { Charged } from "./ledger.rules.ts";

/** An inference that was charged and is not settled: what its settlement, or the end of its lease, needs to know. */
export interface OpenEntry {
  readonly charged: Charged;
  readonly holds: readonly Hold[];
  /** The limit that its run was admitted with. */
  readonly runLimitMs: number;
  /** The hash of its charge. */
  readonly receipt: string;
  /** When it counts as unsettled, ms since 1970. */
  readonly leaseEndsAtMs: number;
  /** Under which its idempotency key is kept. */
  readonly claimId: string | undefined;
}

/** Inferences under way: one JSON document each, gone when it is settled. */
export const OPEN_ENTRIES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS open_entries (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** Write entries, all in one statement. */
export function writeOpenEntries(sql: SqlStorage, entries: readonly OpenEntry[]): void {
  if (entries.length === 0) return;
  sql.exec(
    "INSERT INTO open_entries (id, body) SELECT value->>0, value->>1 FROM json_each(?)",
    JSON.stringify(entries.map((entry) => [entry.charged.entryId, entry])),
  );
}

/** Forget entries, all in one statement. */
export function deleteOpenEntries(sql: SqlStorage, ids: readonly EntryId[]): void {
  if (ids.length === 0) return;
  sql.exec("DELETE FROM open_entries WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(ids));
}

/** All of them, oldest first. */
export function readOpenEntries(sql: SqlStorage): OpenEntry[] {
  return (
    sql
      .exec<{ body: string }>("SELECT body FROM open_entries ORDER BY id")
      .toArray()
      // oxlint-disable-next-line typescript/no-unsafe-return -- writeOpenEntries wrote the row with this very type
      .map((row): OpenEntry => JSON.parse(row.body))
  );
}
