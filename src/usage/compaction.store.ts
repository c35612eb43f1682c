import type { Compaction } from "./compaction.rules.ts";
import { SPAN_MS, type Span, startOf } from "./rollup.rules.ts";

/** A table by span: what a row is found by after its span and start, what else is told of it, and what is summed. */
interface SpanTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly told: readonly string[];
  readonly summed: readonly string[];
}

const USAGE: SpanTable = {
  name: "usage",
  key: ["key_id", "version_id", "outcome"],
  told: ["model_id", "model", "version", "runtime"],
  summed: ["count", "units", "cost_micro_usd", "compute_ms", "bytes_in", "bytes_out"],
};
const REFUSED: SpanTable = { name: "refused", key: ["key_id", "model", "reason"], told: [], summed: ["count"] };
const TABLES = [USAGE, REFUSED];

/** When the oldest row of a span began; undefined when there is none. */
export function oldestStartMs(sql: SqlStorage, span: Span): number | undefined {
  const starts = TABLES.flatMap(
    ({ name }) =>
      sql.exec<{ at: number | null }>(`SELECT min(start_ms) AS at FROM ${name} WHERE span = ?`, span).one().at ?? [],
  );
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/**
 * Merge the oldest rows into their longer spans: so many of each table at most, of those that began before this moment.
 *
 * To be called within a transaction: a fact stands in one span only. May be repeated.
 */
export function mergeOldest(sql: SqlStorage, compaction: Compaction, beforeMs: number, most: number): void {
  const merged = rangeOfOldest(sql, compaction, beforeMs, most);
  for (const table of TABLES) merge(sql, table, compaction, beforeMs, most);
  sql.exec(
    "DELETE FROM usage WHERE span = ? AND start_ms BETWEEN ? AND ? AND outcome = 'pending' AND count = 0",
    compaction.into,
    startOf(compaction.into, merged.firstMs ?? 0),
    merged.lastMs ?? 0,
  );
}

/** From when to when the oldest rows began; null when there are none. */
function rangeOfOldest(sql: SqlStorage, { from }: Compaction, beforeMs: number, most: number) {
  return sql
    .exec<{ firstMs: number | null; lastMs: number | null }>(
      `SELECT min(start_ms) AS firstMs, max(start_ms) AS lastMs
       FROM (SELECT start_ms FROM usage WHERE span = ? AND start_ms < ? ORDER BY start_ms LIMIT ?)`,
      from,
      beforeMs,
      most,
    )
    .one();
}

function merge(sql: SqlStorage, table: SpanTable, { from, into }: Compaction, beforeMs: number, most: number): void {
  const { name, key, told, summed } = table;
  const lengthMs = SPAN_MS[into];
  const copied = [...key, ...told, ...summed].join(", ");
  const place = ["start_ms", ...key].join(", ");
  const oldest = `FROM ${name} WHERE span = ? AND start_ms < ? ORDER BY ${place} LIMIT ?`;
  const sums = summed.map((column) => `${column} = ${column} + excluded.${column}`).join(", ");
  sql.exec(
    `INSERT INTO ${name} (span, start_ms, ${copied})
     SELECT '${into}', start_ms / ${lengthMs} * ${lengthMs}, ${copied} ${oldest}
     ON CONFLICT DO UPDATE SET ${sums}`,
    from,
    beforeMs,
    most,
  );
  sql.exec(
    `DELETE FROM ${name} WHERE span = ? AND (${place}) IN (SELECT ${place} ${oldest})`,
    from,
    from,
    beforeMs,
    most,
  );
}
