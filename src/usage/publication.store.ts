import type { HourState, HourTotals } from "./fleet.rules.ts";
import { SPAN_MS, type Span } from "./rollup.rules.ts";
import { SUM_COLUMNS } from "./rollup.store.ts";

/**
 * What a cell has told the registry: of which hours, and up to where its ledger and its refusals were looked through for hours that
 * changed. The one row of `publication` comes with the table; 0 is the beginning.
 */
export const PUBLICATION_SCHEMA = `
  CREATE TABLE IF NOT EXISTS published_hours (
    hour_ms INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    published_at_ms INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS publication (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ledger_seq INTEGER NOT NULL,
    minute_ms INTEGER NOT NULL,
    refused_in_minute INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL
  );
  INSERT OR IGNORE INTO publication VALUES (1, 0, 0, 0, 0);
`;

/** Up to where everything was told: a row of the ledger; and a minute, and how many refusals of it. */
export interface Published {
  readonly ledgerSeq: number;
  readonly minuteMs: number;
  readonly refusedInMinute: number;
}

/** Minutes with refusals that were not told. A refusal is counted when it happens, so they are the last one told, and later ones. */
const UNTOLD_MINUTES = `
  SELECT start_ms FROM refused JOIN publication ON span = 'minute' AND start_ms >= minute_ms
  GROUP BY start_ms HAVING start_ms > max(minute_ms) OR sum(count) > max(refused_in_minute)`;

/**
 * When the oldest change happened that was not told, and before when it is not to be told, ms since 1970; undefined without one.
 *
 * A refusal is known by its minute.
 */
export function firstUntold(sql: SqlStorage): { readonly atMs: number; readonly notBeforeMs: number } | undefined {
  const { at_ms: atMs, not_before_ms: notBeforeMs } = sql
    .exec<{ at_ms: number | null; not_before_ms: number }>(
      `SELECT min(at_ms) AS at_ms, (SELECT not_before_ms FROM publication) AS not_before_ms FROM (
         SELECT at_ms FROM ledger_rows WHERE seq = (SELECT ledger_seq + 1 FROM publication)
         UNION ALL SELECT min(start_ms) FROM (${UNTOLD_MINUTES}))`,
    )
    .one();
  return atMs === null ? undefined : { atMs, notBeforeMs };
}

/** The row of the ledger up to which everything was told. Rows after it must not leave the cell. */
export function readPublishedSeq(sql: SqlStorage): number {
  return sql.exec<{ ledger_seq: number }>("SELECT ledger_seq FROM publication").one().ledger_seq;
}

/** The hours whose inferences these rows of the ledger are about: those after one, up to another. Credit is about none. */
export function hoursOfRows(sql: SqlStorage, afterSeq: number, lastSeq: number): number[] {
  return column(
    sql.exec(
      `SELECT DISTINCT ${hourOf("charge.at_ms")} AS hour_ms
       FROM ledger_rows AS changed JOIN ledger_rows AS charge ON charge.entry_id = changed.entry_id AND charge.kind = 'charge'
       WHERE changed.seq > ? AND changed.seq <= ?`,
      afterSeq,
      lastSeq,
    ),
  );
}

/** The hours with refusals that were not told. */
export function hoursOfRefusals(sql: SqlStorage): number[] {
  return column(sql.exec(`SELECT DISTINCT ${hourOf("start_ms")} AS hour_ms FROM (${UNTOLD_MINUTES})`));
}

/** All hours since one that have usage or refusals. */
export function hoursSince(sql: SqlStorage, sinceMs: number): number[] {
  const hoursIn = (table: string): string =>
    `SELECT ${hourOf("start_ms")} AS hour_ms FROM ${table} WHERE span IN ('minute', 'hour') AND start_ms >= ?`;
  return column(sql.exec(`${hoursIn("usage")} UNION ${hoursIn("refused")} ORDER BY 1`, sinceMs, sinceMs));
}

/** An hour's totals as they are now. */
export function readHour(sql: SqlStorage, hourMs: number): HourTotals {
  return readTotals(sql, ["minute", "hour"], hourMs, hourMs + SPAN_MS.hour);
}

/** The totals of all that was before the beginning of a day. */
export function readBefore(sql: SqlStorage, dayMs: number): HourTotals {
  return readTotals(sql, ["minute", "hour", "day"], 0, dayMs);
}

/** Up to where a reading made now sees everything. */
export function readEnd(sql: SqlStorage): Published {
  const row = sql
    .exec<{ seq: number; minute_ms: number; refused: number }>(
      `WITH last AS (SELECT coalesce(max(start_ms), 0) AS minute_ms FROM refused WHERE span = 'minute')
       SELECT (SELECT coalesce(max(seq), 0) FROM ledger_rows) AS seq, minute_ms,
              (SELECT coalesce(sum(count), 0) FROM refused WHERE span = 'minute' AND start_ms = minute_ms) AS refused FROM last`,
    )
    .one();
  return { ledgerSeq: row.seq, minuteMs: row.minute_ms, refusedInMinute: row.refused };
}

/** When hours since one were told last, and up to which row of the ledger, by hour. */
export function publishedSince(sql: SqlStorage, sinceMs: number): Map<number, { revision: number; toldAtMs: number }> {
  const rows = sql.exec<{ hour_ms: number; revision: number; published_at_ms: number }>(
    "SELECT * FROM published_hours WHERE hour_ms >= ?",
    sinceMs,
  );
  return new Map(rows.toArray().map((row) => [row.hour_ms, { revision: row.revision, toldAtMs: row.published_at_ms }]));
}

/** When one of the hours before a moment was told last, ms since 1970; 0 when none was. */
export function lastToldBefore(sql: SqlStorage, beforeMs: number): number {
  return sql
    .exec<{ at_ms: number }>(
      "SELECT coalesce(max(published_at_ms), 0) AS at_ms FROM published_hours WHERE hour_ms < ?",
      beforeMs,
    )
    .one().at_ms;
}

/** Remember that hours were told. */
export function markHoursTold(sql: SqlStorage, hours: readonly HourState[]): void {
  sql.exec(
    `INSERT INTO published_hours (hour_ms, revision, published_at_ms)
     SELECT value->>0, value->>1, value->>2 FROM json_each(?) WHERE true
     ON CONFLICT DO UPDATE SET revision = max(revision, excluded.revision), published_at_ms = excluded.published_at_ms`,
    JSON.stringify(hours.map(({ hourMs, revision, asOfMs }) => [hourMs, revision, asOfMs])),
  );
}

/** Remember up to where everything was told. */
export function markPublished(sql: SqlStorage, { ledgerSeq, minuteMs, refusedInMinute }: Published): void {
  sql.exec(
    "UPDATE publication SET ledger_seq = ?, minute_ms = ?, refused_in_minute = ?, not_before_ms = 0",
    ledgerSeq,
    minuteMs,
    refusedInMinute,
  );
}

/** Tell nothing before this moment: the last attempt failed. */
export function postponePublication(sql: SqlStorage, notBeforeMs: number): void {
  sql.exec("UPDATE publication SET not_before_ms = ?", notBeforeMs);
}

function readTotals(sql: SqlStorage, spans: readonly Span[], fromMs: number, toMs: number): HourTotals {
  const part = "span IN (SELECT value FROM json_each(?)) AND start_ms >= ? AND start_ms < ?";
  const bound = [JSON.stringify(spans), fromMs, toMs];
  return sql
    .exec<HourTotals>(
      `SELECT ${SUM_COLUMNS}, (SELECT coalesce(sum(count), 0) FROM refused WHERE ${part}) AS refused
       FROM usage WHERE ${part}`,
      ...bound,
      ...bound,
    )
    .one();
}

/** The hour that a time falls into. Its length stands in the text, because a bound number would divide as a fraction. */
function hourOf(time: string): string {
  return `${time} / ${SPAN_MS.hour} * ${SPAN_MS.hour}`;
}

function column(cursor: SqlStorageCursor<{ hour_ms: number }>): number[] {
  return cursor.toArray().map((row) => row.hour_ms);
}
