import type { Claim, NewEntry } from "../admission/admission.rules.ts";
import type { EntryId, ModelId, VersionId } from "../shared/ids.ts";
import { type Outcome, type Settlement, chargedUnits, claimState } from "./ledger.rules.ts";
import type { SettledEntry } from "./statistics.rules.ts";
import { GRANULARITY_MS, type LedgerSum, type RefusalSum, type UsageQuery } from "./usage.rules.ts";

/** The ledger in its tenant's cell: every tenant has its own database, so no table names a tenant. */
export const LEDGER_SCHEMA = `
  CREATE TABLE IF NOT EXISTS ledger (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    model TEXT NOT NULL,
    version_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    units INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    compute_ms INTEGER NOT NULL DEFAULT 0,
    bytes_in INTEGER NOT NULL DEFAULT 0,
    bytes_out INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    fingerprint TEXT
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS ledger_by_time ON ledger (at_ms);
  CREATE INDEX IF NOT EXISTS ledger_in_flight ON ledger (model_id, at_ms, version_id) WHERE outcome = 'pending';
  CREATE UNIQUE INDEX IF NOT EXISTS ledger_by_idempotency_key ON ledger (idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE TABLE IF NOT EXISTS refusals (
    minute_ms INTEGER NOT NULL,
    model TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute_ms, model, reason)
  ) WITHOUT ROWID;
`;

/** Write new entries, all in one statement: the batch travels as one JSON value, so its size is not bound by parameters. */
export function appendEntries(sql: SqlStorage, entries: readonly NewEntry[]): void {
  if (entries.length === 0) return;
  const rows = entries.map(({ id, atMs, keyId, model, version, idempotency }) => [
    id,
    atMs,
    keyId,
    version.modelId,
    model,
    version.versionId,
    version.number,
    idempotency?.key,
    idempotency?.fingerprint,
  ]);
  sql.exec(
    `INSERT INTO ledger (id, at_ms, key_id, model_id, model, version_id, version, units, outcome, idempotency_key, fingerprint)
     SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, ?, 'pending', value->>7, value->>8
     FROM json_each(?)`,
    chargedUnits("pending"),
    JSON.stringify(rows),
  );
}

/** What an idempotency key stands for; undefined when it was never seen. */
export function findClaim(
  sql: SqlStorage,
  idempotencyKey: string,
  { nowMs, leaseMs }: { nowMs: number; leaseMs: number },
): Claim | undefined {
  const [row] = sql
    .exec<{ id: EntryId; fingerprint: string; version_id: VersionId; outcome: Outcome; at_ms: number }>(
      "SELECT id, fingerprint, version_id, outcome, at_ms FROM ledger WHERE idempotency_key = ?",
      idempotencyKey,
    )
    .toArray();
  if (!row) return undefined;
  const state = claimState(row.outcome, nowMs - row.at_ms, leaseMs);
  return { entryId: row.id, fingerprint: row.fingerprint, versionId: row.version_id, state };
}

/**
 * Record how entries ended. Each entry is settled once: repeating a settlement changes nothing.
 *
 * An entry that was not charged gives its idempotency key back, so that the caller may try again with it.
 *
 * @returns the entries that these settlements have settled, without those that were settled before or are not known
 */
export function settleEntries(sql: SqlStorage, settlements: readonly Settlement[]): SettledEntry[] {
  // Of two for one entry in one batch the first counts, as it would in two batches.
  const byEntry = new Map(settlements.toReversed().map((settlement) => [settlement.entryId, settlement]));
  const rows = [...byEntry.values()].map(({ entryId, outcome, computeMs, bytesIn, bytesOut }) => [
    entryId,
    outcome,
    chargedUnits(outcome),
    computeMs,
    bytesIn,
    bytesOut,
  ]);
  const settled = sql.exec<{ id: EntryId; version_id: VersionId; at_ms: number }>(
    `UPDATE ledger
     SET outcome = new.value->>1, units = new.value->>2,
         compute_ms = new.value->>3, bytes_in = new.value->>4, bytes_out = new.value->>5,
         idempotency_key = CASE WHEN new.value->>2 = 0 THEN NULL ELSE idempotency_key END
     FROM json_each(?) AS new
     WHERE ledger.id = new.value->>0 AND ledger.outcome = 'pending'
     RETURNING id, version_id, at_ms`,
    JSON.stringify(rows),
  );
  return settled.toArray().flatMap((row) => {
    const settlement = byEntry.get(row.id);
    return settlement ? [{ versionId: row.version_id, atMs: row.at_ms, settlement }] : [];
  });
}

/** Inferences of a model that run, by version: those that are not settled and began after this moment. */
export function countInFlight(sql: SqlStorage, modelId: ModelId, sinceMs: number): Map<VersionId, number> {
  const rows = sql.exec<{ version_id: VersionId; count: number }>(
    `SELECT version_id, count(*) AS count FROM ledger
     WHERE outcome = 'pending' AND model_id = ? AND at_ms > ? GROUP BY version_id`,
    modelId,
    sinceMs,
  );
  return new Map(rows.toArray().map((row) => [row.version_id, row.count]));
}

/** Count refusals by minute. They cost nothing, so they are no entries of the ledger. */
export function addRefusals(
  sql: SqlStorage,
  nowMs: number,
  refusals: Iterable<{ model: string; reason: string; count: number }>,
): void {
  const minuteMs = Math.floor(nowMs / GRANULARITY_MS.minute) * GRANULARITY_MS.minute;
  for (const { model, reason, count } of refusals) {
    sql.exec(
      `INSERT INTO refusals (minute_ms, model, reason, count) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count`,
      minuteMs,
      model,
      reason,
      count,
    );
  }
}

/** Sum the ledger by interval, and by model where the query says so. */
export function sumLedger(sql: SqlStorage, query: UsageQuery): LedgerSum[] {
  return sql
    .exec<LedgerSumRow>(
      `SELECT ${intervalStart("at_ms", query)} AS start_ms, ${modelColumn(query)} AS model,
              sum(units) AS inferences, sum(outcome = 'rejected') AS rejected, sum(outcome = 'failed') AS failed,
              sum(compute_ms) AS compute_ms, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out
       FROM ledger WHERE at_ms >= ? AND at_ms < ? GROUP BY 1, 2`,
      query.fromMs,
      query.toMs,
    )
    .toArray()
    .map((row) => ({
      startMs: row.start_ms,
      model: row.model ?? undefined,
      inferences: row.inferences,
      rejected: row.rejected,
      failed: row.failed,
      computeMs: row.compute_ms,
      bytesIn: row.bytes_in,
      bytesOut: row.bytes_out,
    }));
}

/** Sum the refusals by interval and reason, and by model where the query says so. Their finest interval is a minute. */
export function sumRefusals(sql: SqlStorage, query: UsageQuery): RefusalSum[] {
  return sql
    .exec<{ start_ms: number; model: string | null; reason: string; count: number }>(
      `SELECT ${intervalStart("minute_ms", query)} AS start_ms, ${modelColumn(query)} AS model, reason, sum(count) AS count
       FROM refusals WHERE minute_ms + ? > ? AND minute_ms < ? GROUP BY 1, 2, 3`,
      GRANULARITY_MS.minute,
      query.fromMs,
      query.toMs,
    )
    .toArray()
    .map((row) => ({ startMs: row.start_ms, model: row.model ?? undefined, reason: row.reason, count: row.count }));
}

type LedgerSumRow = {
  start_ms: number;
  model: string | null;
  inferences: number;
  rejected: number;
  failed: number;
  compute_ms: number;
  bytes_in: number;
  bytes_out: number;
};

/** The interval that a time falls into. Its length stands in the text, because a bound number would divide as a fraction. */
function intervalStart(column: "at_ms" | "minute_ms", query: UsageQuery): string {
  const interval = GRANULARITY_MS[query.granularity];
  return `${column} / ${interval} * ${interval}`;
}

function modelColumn(query: UsageQuery): "model" | "NULL" {
  return query.groupByModel ? "model" : "NULL";
}
