import { type ChainHead, type LedgerEntry, type LedgerRow, type RowKind, canonicalText } from "./chain.rules.ts";
import { sha256 } from "../shared/sha256.ts";
import type { Outcome } from "./ledger.rules.ts";

/** The ledger in its tenant's cell: every tenant has its own database, so no table names a tenant. */
export const LEDGER_SCHEMA = `
  CREATE TABLE IF NOT EXISTS ledger_rows (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    key_id TEXT,
    model_id TEXT,
    model TEXT,
    version_id TEXT,
    version INTEGER,
    runtime TEXT,
    units INTEGER NOT NULL,
    rate_micro_usd INTEGER NOT NULL,
    cost_micro_usd INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    compute_ms INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    idempotency_key TEXT,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS ledger_rows_by_entry ON ledger_rows (entry_id);
`;

/** In the order of the canonical text, and the hash behind it. */
const COLUMNS =
  "seq kind entry_id at_ms key_id model_id model version_id version runtime units rate_micro_usd cost_micro_usd " +
  "outcome compute_ms bytes_in bytes_out idempotency_key previous_hash hash";

const INSERT = `
  INSERT INTO ledger_rows (${COLUMNS.replaceAll(" ", ", ")})
  SELECT ${COLUMNS.split(" ")
    .map((_, index) => `value->>${index}`)
    .join(", ")} FROM json_each(?)`;

/** Rows that wait to be written together, each linked to the one before it. */
export class LedgerTail {
  #head: ChainHead;
  /** Each row as a JSON array of all its columns: the very text that was hashed, and the hash. */
  readonly #rows: string[] = [];

  constructor(head: ChainHead) {
    this.#head = head;
  }

  get head(): ChainHead {
    return this.#head;
  }

  /** @returns the row's hash: its receipt */
  append(entry: LedgerEntry): string {
    const seq = this.#head.seq + 1;
    const text = canonicalText({ ...entry, seq, previousHash: this.#head.hash });
    const hash = sha256(text);
    this.#rows.push(`${text.slice(0, -1)},"${hash}"]`);
    this.#head = { seq, hash };
    return hash;
  }

  /** All in one statement: the rows travel as one JSON value, so their number is not bound by parameters. */
  write(sql: SqlStorage): void {
    if (this.#rows.length > 0) sql.exec(INSERT, `[${this.#rows.join(",")}]`);
  }
}

/** The last row; undefined when the ledger is empty. */
export function readHead(sql: SqlStorage): ChainHead | undefined {
  return sql
    .exec<{ seq: number; hash: string }>("SELECT seq, hash FROM ledger_rows ORDER BY seq DESC LIMIT 1")
    .toArray()[0];
}

/** Rows in their order: those after this one, so many at most. */
export function readRows(sql: SqlStorage, afterSeq: number, most: number): LedgerRow[] {
  return sql
    .exec<StoredRow>("SELECT * FROM ledger_rows WHERE seq > ? ORDER BY seq LIMIT ?", afterSeq, most)
    .toArray()
    .map(toRow);
}

/** The rows of one entry: its charge, and its settlement once it has ended. */
export function readEntry(sql: SqlStorage, entryId: string): LedgerRow[] {
  return sql.exec<StoredRow>("SELECT * FROM ledger_rows WHERE entry_id = ? ORDER BY seq", entryId).toArray().map(toRow);
}

type StoredRow = {
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

function toRow(row: StoredRow): LedgerRow {
  return {
    seq: row.seq,
    kind: row.kind,
    entryId: row.entry_id,
    atMs: row.at_ms,
    keyId: row.key_id,
    modelId: row.model_id,
    model: row.model,
    versionId: row.version_id,
    version: row.version,
    runtime: row.runtime,
    units: row.units,
    rateMicroUsd: row.rate_micro_usd,
    costMicroUsd: row.cost_micro_usd,
    outcome: row.outcome,
    computeMs: row.compute_ms,
    bytesIn: row.bytes_in,
    bytesOut: row.bytes_out,
    idempotencyKey: row.idempotency_key,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
