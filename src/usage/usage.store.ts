import { GRANULARITY_MS, type LedgerSum, type RefusalSum, type UsageQuery } from "./usage.rules.ts";

/** Sum the usage by interval, and by model where the query says so. */
export function sumUsage(sql: SqlStorage, query: UsageQuery): LedgerSum[] {
  return sql
    .exec<{
      start_ms: number;
      model: string | null;
      inferences: number;
      rejected: number;
      failed: number;
      compute_ms: number;
      bytes_in: number;
      bytes_out: number;
    }>(
      `SELECT ${intervalStart(query)} AS start_ms, ${modelColumn(query)} AS model, sum(units) AS inferences,
              sum(count) FILTER (WHERE outcome = 'rejected') AS rejected,
              sum(count) FILTER (WHERE outcome = 'failed') AS failed,
              sum(compute_ms) AS compute_ms, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out
       FROM usage AS u WHERE u.start_ms >= ? AND u.start_ms < ? GROUP BY 1, 2`,
      query.fromMs,
      query.toMs,
    )
    .toArray()
    .map((row) => ({
      startMs: row.start_ms,
      model: row.model ?? undefined,
      inferences: row.inferences,
      rejected: row.rejected ?? 0,
      failed: row.failed ?? 0,
      computeMs: row.compute_ms,
      bytesIn: row.bytes_in,
      bytesOut: row.bytes_out,
    }));
}

/** Sum the refusals by interval and reason, and by model where the query says so. */
export function sumRefused(sql: SqlStorage, query: UsageQuery): RefusalSum[] {
  return sql
    .exec<{ start_ms: number; model: string | null; reason: string; count: number }>(
      `SELECT ${intervalStart(query)} AS start_ms, ${modelColumn(query)} AS model, reason, sum(count) AS count
       FROM refused AS u WHERE u.start_ms >= ? AND u.start_ms < ? GROUP BY 1, 2, 3`,
      query.fromMs,
      query.toMs,
    )
    .toArray()
    .map((row) => ({ startMs: row.start_ms, model: row.model ?? undefined, reason: row.reason, count: row.count }));
}

/** The interval that a time falls into. Its length stands in the text, because a bound number would divide as a fraction. */
function intervalStart(query: UsageQuery): string {
  const interval = GRANULARITY_MS[query.granularity];
  return `u.start_ms / ${interval} * ${interval}`;
}

function modelColumn(query: UsageQuery): "u.model" | "NULL" {
  return query.groupByModel ? "u.model" : "NULL";
}
