import { sha256 } from "../shared/sha256.ts";
import { type ChainHead, type LedgerEntry, type LedgerRow, canonicalText } from "./chain.rules.ts";
import { type LedgerRecord, rowOf } from "./ledger-record.rules.ts";

/**
 * The ledger in its tenant's cell: every tenant has its own database, so no table names a tenant.
 *
 * The head is kept beside the rows, so that the last of them can't go missing unseen.
 */
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
  CREATE TABLE IF NOT EXISTS ledger_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
  );
  INSERT OR IGNORE INTO ledger_head SELECT 1, seq, hash FROM ledger_rows ORDER BY seq DESC LIMIT 1;
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

/** Keep the chain's head. Not with each batch, where it would be one row more to write, but now and then. */
export function keepHead(sql: SqlStorage, { seq, hash }: ChainHead): void {
  if (seq === 0) return;
  sql.exec(
    `INSERT INTO ledger_head (id, seq, hash) VALUES (1, ?, ?)
     ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash WHERE seq <> excluded.seq`,
    seq,
    hash,
  );
}

/**
 * What the next row names as the one before it; undefined when there was never a row.
 *
 * It is the last row, or the head that was kept, where that row is gone: the gap then stays, and tells.
 */
export function readHead(sql: SqlStorage): ChainHead | undefined {
  return sql
    .exec<{ seq: number; hash: string }>(
      `SELECT seq, hash FROM (SELECT 1 AS is_kept, seq, hash FROM ledger_head
         UNION ALL SELECT * FROM (SELECT 0, seq, hash FROM ledger_rows ORDER BY seq DESC LIMIT 1))
       ORDER BY seq DESC, is_kept DESC LIMIT 1`,
    )
    .toArray()[0];
}

/** Rows in their order: those after this one, so many at most. */
export function readRows(sql: SqlStorage, afterSeq: number, most: number): LedgerRow[] {
  return sql
    .exec<LedgerRecord>("SELECT * FROM ledger_rows WHERE seq > ? ORDER BY seq LIMIT ?", afterSeq, most)
    .toArray()
    .map(rowOf);
}

/** The rows of one entry: its charge, and its settlement once it has ended. */
export function readEntry(sql: SqlStorage, entryId: string): LedgerRow[] {
  return sql
    .exec<LedgerRecord>("SELECT * FROM ledger_rows WHERE entry_id = ? ORDER BY seq", entryId)
    .toArray()
    .map(rowOf);
}
