import type { Outcome } from "./ledger.rules.ts";
import type { RollupRow } from "./rollup.rules.ts";
import { SUMS, type UsageSums } from "./usage.rules.ts";

/**
 * Usage by minute, hour and day. A fact stands in one span only: at first in its minute, later in its hour, in the end in its day.
 *
 * Written in the transaction that adds to the ledger, so that the two are equal at every moment.
 */
export const ROLLUP_SCHEMA = `
  CREATE TABLE IF NOT EXISTS usage (
    span TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    version_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    model_id TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    runtime TEXT NOT NULL,
    count INTEGER NOT NULL,
    units INTEGER NOT NULL,
    cost_micro_usd INTEGER NOT NULL,
    compute_ms INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    PRIMARY KEY (span, start_ms, key_id, version_id, outcome)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS refused (
    span TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    model TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (span, start_ms, key_id, model, reason)
  ) WITHOUT ROWID;
`;

const ended = (outcome: Outcome): string => `sum(count) FILTER (WHERE outcome = '${outcome}')`;
const SUMMED: Readonly<Record<keyof UsageSums, string>> = {
  inferences: "sum(units)",
  pending: ended("pending"),
  ok: ended("ok"),
  rejected: ended("rejected"),
  failed: ended("failed"),
  unsettled: ended("unsettled"),
  costMicroUsd: "sum(cost_micro_usd)",
  computeMs: "sum(compute_ms)",
  bytesIn: "sum(bytes_in)",
  bytesOut: "sum(bytes_out)",
};

/** All of {@link SUMS} over rows of `usage`, each as a column of its name; 0 over none. */
export const SUM_COLUMNS = SUMS.map((name) => `coalesce(${SUMMED[name]}, 0) AS ${name}`).join(", ");

/** Add to the usage by minute, all in one statement. */
export function addUsage(sql: SqlStorage, rows: Iterable<RollupRow>): void {
  const values = Array.from(rows, (row) => [
    row.startMs,
    row.keyId,
    row.versionId,
    row.outcome,
    row.modelId,
    row.model,
    row.version,
    row.runtime,
    row.count,
    row.units,
    row.costMicroUsd,
    row.computeMs,
    row.bytesIn,
    row.bytesOut,
  ]);
  if (values.length === 0) return;
  sql.exec(
    `INSERT INTO usage (span, start_ms, key_id, version_id, outcome, model_id, model, version, runtime,
                        count, units, cost_micro_usd, compute_ms, bytes_in, bytes_out)
     SELECT 'minute', value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7,
            value->>8, value->>9, value->>10, value->>11, value->>12, value->>13
     FROM json_each(?) WHERE true
     ON CONFLICT DO UPDATE SET
       count = count + excluded.count, units = units + excluded.units,
       cost_micro_usd = cost_micro_usd + excluded.cost_micro_usd, compute_ms = compute_ms + excluded.compute_ms,
       bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out`,
    JSON.stringify(values),
  );
}

/** A refusal of one reason, counted within its minute. */
export interface RefusedRow {
  readonly startMs: number;
  /** Empty where the caller is not known. */
  readonly keyId: string;
  /** Empty where the tenant has no such model. */
  readonly model: string;
  readonly reason: string;
  readonly count: number;
}

/** Count refusals by minute, all in one statement. They cost nothing, so they are no rows of the ledger. */
export function addRefused(sql: SqlStorage, rows: Iterable<RefusedRow>): void {
  const values = Array.from(rows, ({ startMs, keyId, model, reason, count }) => [startMs, keyId, model, reason, count]);
  if (values.length === 0) return;
  sql.exec(
    `INSERT INTO refused (span, start_ms, key_id, model, reason, count)
     SELECT 'minute', value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?) WHERE true
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    JSON.stringify(values),
  );
}
