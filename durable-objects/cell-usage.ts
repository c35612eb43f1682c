import { COMPACTIONS, detailAt, mergeDueMs, mergedBeforeMs, outward } from "../src/usage/compaction.rules.ts";
import { mergeOldest, oldestStartMs } from "../src/usage/compaction.store.ts";
import { MAX_ROWS, type UsageAnswer, type UsageQuery, joinUsage } from "../src/usage/usage.rules.ts";
import { sumRefused, sumUsage } from "../src/usage/usage.store.ts";

/** Rows of each table that one step merges: some 20 ms. */
const MERGED_AT_ONCE = 2_000;

/** The ledger's figures, by interval and group. What is covered is what was asked for, rounded outward to the detail that is kept. */
export function answerUsage(sql: SqlStorage, asked: UsageQuery, nowMs: number): UsageAnswer {
  const detail = detailAt(nowMs);
  const query = { ...outward(asked, detail), detail };
  const sums = sumUsage(sql, query);
  const refusals = sumRefused(sql, query);
  if (sums.length > MAX_ROWS || refusals.length > MAX_ROWS) return { kind: "too-many-rows" };
  const rows = joinUsage(sums, refusals);
  if (rows.length > MAX_ROWS) return { kind: "too-many-rows" };
  return { kind: "usage", fromMs: query.fromMs, toMs: query.toMs, rows };
}

/** When usage is old enough to be kept in less detail; undefined when there is none. */
export function compactionDueMs(sql: SqlStorage): number | undefined {
  const due = COMPACTIONS.flatMap((compaction) => {
    const startMs = oldestStartMs(sql, compaction.from);
    return startMs === undefined ? [] : mergeDueMs(compaction, startMs);
  });
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Keep old usage in less detail: one bounded step of each kind, one transaction each. */
export function compactUsage(storage: DurableObjectStorage, nowMs: number): void {
  for (const compaction of COMPACTIONS) {
    storage.transactionSync(() => {
      mergeOldest(storage.sql, compaction, mergedBeforeMs(compaction, nowMs), MERGED_AT_ONCE);
    });
  }
}
