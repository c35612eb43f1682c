import type { Detail } from "./compaction.rules.ts";
import { SPAN_MS, type Span, startOf } from "./rollup.rules.ts";
import { SUM_COLUMNS } from "./rollup.store.ts";
import {
  DIMENSIONS,
  type Dimension,
  type LedgerSum,
  MAX_ROWS,
  type RefusalSum,
  type UsageGroup,
  type UsageQuery,
  type UsageSums,
  dimensionsOf,
} from "./usage.rules.ts";

/** A question whose ends fall between two spans, whatever their age. */
interface WholeQuery extends UsageQuery {
  readonly detail: Detail;
}

/** Where each dimension stands. */
type Columns = Readonly<Partial<Record<Dimension, string>>>;
const USAGE_COLUMNS: Columns = {
  model: "u.model",
  version: "u.version",
  key: "u.key_id",
  outcome: "u.outcome",
  runtime: "u.runtime",
};

/** A refused call ran on no version, so it had no outcome and no runtime. */
const REFUSED_COLUMNS: Columns = { model: "u.model", key: "u.key_id" };

type GroupColumns = Required<UsageGroup> & { readonly start_ms: number };

/** Sum the usage by interval and group; one row more than an answer may hold tells that there are too many. */
export function sumUsage(sql: SqlStorage, query: WholeQuery): LedgerSum[] {
  const { text, values } = conditions(query, USAGE_COLUMNS);
  return sql
    .exec<GroupColumns & UsageSums>(
      `SELECT ${groupColumns(query, USAGE_COLUMNS)}, ${SUM_COLUMNS} FROM usage AS u WHERE ${text}
       GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(count) <> 0 ORDER BY 1 LIMIT ${MAX_ROWS + 1}`,
      ...values,
    )
    .toArray()
    .map(({ start_ms: startMs, model, version, key, outcome, runtime, ...sums }) => {
      return { startMs, group: groupOf(query, { model, version, key, outcome, runtime }), ...sums };
    });
}

/** Sum the refusals by interval, group and reason; there are none of a version, of an outcome or of a runtime. */
export function sumRefused(sql: SqlStorage, query: WholeQuery): RefusalSum[] {
  const { version, outcome, runtime } = query.only;
  if (version !== undefined || outcome !== undefined || runtime !== undefined) return [];
  const { text, values } = conditions(query, REFUSED_COLUMNS);
  return sql
    .exec<GroupColumns & { reason: string; count: number }>(
      `SELECT ${groupColumns(query, REFUSED_COLUMNS)}, reason, sum(count) AS count FROM refused AS u WHERE ${text}
       GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1 LIMIT ${MAX_ROWS + 1}`,
      ...values,
    )
    .toArray()
    .map((row) => ({ startMs: row.start_ms, group: groupOf(query, row), reason: row.reason, count: row.count }));
}

/** All columns of a group, those that are not asked for as NULL. */
function groupColumns(query: WholeQuery, columns: Columns): string {
  const wanted = dimensionsOf(query.groupBy);
  const column = (name: Dimension): string =>
    `${wanted.includes(name) ? (columns[name] ?? "NULL") : "NULL"} AS ${name}`;
  return [`${intervalStart(query)} AS start_ms`, ...DIMENSIONS.map(column)].join(", ");
}

function groupOf({ groupBy }: WholeQuery, row: Required<UsageGroup>): UsageGroup {
  return Object.fromEntries(dimensionsOf(groupBy).map((name) => [name, row[name]]));
}

/** The spans are named so that the primary key finds the rows. */
function conditions({ fromMs, toMs, only }: WholeQuery, columns: Columns) {
  const named = DIMENSIONS.flatMap((name) => {
    const [column, value] = [columns[name], only[name]];
    return column === undefined || value === undefined ? [] : [{ column, value }];
  });
  const inTime = "u.span IN ('minute', 'hour', 'day') AND u.start_ms >= ? AND u.start_ms < ?";
  return {
    text: [inTime, ...named.map(({ column }) => `${column} = ?`)].join(" AND "),
    values: [fromMs, toMs, ...named.map(({ value }) => value)],
  };
}

/**
 * The interval that a row falls into: of the length asked for, or of its span where only longer ones are kept of its age.
 *
 * So an answer does not depend on how far compaction has come. Numbers stand in the text, because bound ones divide as fractions.
 */
function intervalStart({ granularity, detail: { minutesFromMs, hoursFromMs } }: WholeQuery): string {
  if (granularity === "month") return "unixepoch(u.start_ms / 1000, 'unixepoch', 'start of month') * 1000";
  const start = (span: Span): string => {
    const lengthMs = Math.max(SPAN_MS[granularity], SPAN_MS[span]);
    return `u.start_ms / ${lengthMs} * ${lengthMs}`;
  };
  return `CASE WHEN u.start_ms < ${hoursFromMs} THEN ${start("day")}
               WHEN u.start_ms < ${minutesFromMs} THEN ${start("hour")} ELSE ${start("minute")} END`;
}

/** What everything cost that was admitted since a moment, to the minute; in micro-dollars. */
export function sumCost(sql: SqlStorage, fromMs: number): number {
  return sql
    .exec<{ cost: number }>(
      `SELECT coalesce(sum(cost_micro_usd), 0) AS cost FROM usage
       WHERE span IN ('minute', 'hour', 'day') AND start_ms >= ?`,
      startOf("minute", fromMs),
    )
    .one().cost;
}
