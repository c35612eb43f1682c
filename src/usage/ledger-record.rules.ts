import type { LedgerRow, RowKind } from "./chain.rules.ts";
import type { Outcome } from "./ledger.rules.ts";

/** A row as SQLite holds it, as a line of an archive and of an export states it: members in the order of the canonical text. */
export type LedgerRecord = {
  seq: number;
  kind: RowKind;
  entry_id: string;
  at_ms: number;
  key_id: string | null;
  model_id: string | null;
  model: string | null;
  version_id: string | null;
  version: number | null;
  runtime: string | null;
  units: number;
  rate_micro_usd: number;
  cost_micro_usd: number;
  outcome: Outcome;
  compute_ms: number;
  bytes_in: number;
  bytes_out: number;
  idempotency_key: string | null;
  previous_hash: string;
  hash: string;
};

/** A row as the rules know it. */
export function rowOf(record: LedgerRecord): LedgerRow {
  return {
    seq: record.seq,
    kind: record.kind,
    entryId: record.entry_id,
    atMs: record.at_ms,
    keyId: record.key_id,
    modelId: record.model_id,
    model: record.model,
    versionId: record.version_id,
    version: record.version,
    runtime: record.runtime,
    units: record.units,
    rateMicroUsd: record.rate_micro_usd,
    costMicroUsd: record.cost_micro_usd,
    outcome: record.outcome,
    computeMs: record.compute_ms,
    bytesIn: record.bytes_in,
    bytesOut: record.bytes_out,
    idempotencyKey: record.idempotency_key,
    previousHash: record.previous_hash,
    hash: record.hash,
  };
}

/** A row as it is stored and exported. */
export function recordOf(row: LedgerRow): LedgerRecord {
  return {
    seq: row.seq,
    kind: row.kind,
    entry_id: row.entryId,
    at_ms: row.atMs,
    key_id: row.keyId,
    model_id: row.modelId,
    model: row.model,
    version_id: row.versionId,
    version: row.version,
    runtime: row.runtime,
    units: row.units,
    rate_micro_usd: row.rateMicroUsd,
    cost_micro_usd: row.costMicroUsd,
    outcome: row.outcome,
    compute_ms: row.computeMs,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    idempotency_key: row.idempotencyKey,
    previous_hash: row.previousHash,
    hash: row.hash,
  };
}

/** Rows as JSON Lines, each line ended. */
export function toLines(rows: readonly LedgerRow[]): string {
  return rows.map((row) => `${JSON.stringify(recordOf(row))}\n`).join("");
}

/** The rows of JSON Lines that {@link toLines} made. */
export function fromLines(lines: string): LedgerRow[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // oxlint-disable-next-line typescript/no-unsafe-assignment -- toLines wrote it, and its hash was compared
      const record: LedgerRecord = JSON.parse(line);
      return rowOf(record);
    });
}
