import type { KeyId } from "../shared/ids.ts";

/** When keys were used last, to the hour. */
export const KEY_USES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS key_uses (
    key_id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** Every key that was ever used, with when that was last written, ms since 1970. */
export function readKeyUses(sql: SqlStorage): Map<string, number> {
  const rows = sql.exec<{ key_id: string; at_ms: number }>("SELECT key_id, at_ms FROM key_uses");
  return new Map(rows.toArray().map((row) => [row.key_id, row.at_ms]));
}

/** Write that these keys were used just now. */
export function writeKeyUses(sql: SqlStorage, keyIds: Iterable<KeyId>, nowMs: number): void {
  for (const keyId of keyIds) sql.exec("INSERT OR REPLACE INTO key_uses (key_id, at_ms) VALUES (?, ?)", keyId, nowMs);
}
