import type { Meter } from "./meters.rules.ts";

/** What is used of each limit: one row for each policy and whoever shares it. */
export const METERS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS meters (
    id TEXT PRIMARY KEY,
    amount INTEGER NOT NULL,
    held INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    raised_percent INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** Write meters, all in one statement. */
export function writeMeters(sql: SqlStorage, meters: ReadonlyMap<string, Meter>): void {
  if (meters.size === 0) return;
  const rows = Array.from(meters, ([id, { amount, held, atMs, raisedPercent }]) => [
    id,
    amount,
    held,
    atMs,
    raisedPercent,
  ]);
  sql.exec(
    `INSERT OR REPLACE INTO meters (id, amount, held, at_ms, raised_percent)
     SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?)`,
    JSON.stringify(rows),
  );
}

/** Read all meters. */
export function readMeters(sql: SqlStorage): Map<string, Meter> {
  const rows = sql.exec<{ id: string; amount: number; held: number; at_ms: number; raised_percent: number }>(
    "SELECT id, amount, held, at_ms, raised_percent FROM meters",
  );
  return new Map(
    rows.toArray().map(({ id, amount, held, at_ms: atMs, raised_percent: raisedPercent }) => {
      return [id, { amount, held, atMs, raisedPercent }];
    }),
  );
}
