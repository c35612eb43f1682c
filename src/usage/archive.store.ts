import type { LedgerArchive } from "./archive.rules.ts";
import type { LedgerRow } from "./chain.rules.ts";

/** Where the rows lie that have left the cell, and which of them the time in their entry's id doesn't lead to. */
export const ARCHIVE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS ledger_archives (
    first_seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    first_previous_hash TEXT NOT NULL,
    last_hash TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    object_key TEXT NOT NULL,
    sha256 TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS ledger_strays (
    entry_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (entry_id, seq)
  ) WITHOUT ROWID;
`;

/** Put an archive in the place of its rows. To be called in a transaction, once its object lies in R2. */
export function replaceByArchive(sql: SqlStorage, archive: LedgerArchive, strays: readonly LedgerRow[]): void {
  sql.exec(
    "INSERT INTO ledger_archives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    archive.firstSeq,
    archive.lastSeq,
    archive.firstPreviousHash,
    archive.lastHash,
    archive.fromMs,
    archive.toMs,
    archive.rows,
    archive.bytes,
    archive.objectKey,
    archive.sha256,
  );
  sql.exec(
    "INSERT INTO ledger_strays SELECT value->>0, value->>1 FROM json_each(?)",
    JSON.stringify(strays.map(({ entryId, seq }) => [entryId, seq])),
  );
  sql.exec("DELETE FROM ledger_rows WHERE seq <= ?", archive.lastSeq);
}

/** The archive that holds the row after this one, or the next there is; undefined when what follows is in the cell. */
export function findArchiveAfter(sql: SqlStorage, seq: number): LedgerArchive | undefined {
  const query = "SELECT * FROM ledger_archives WHERE last_seq > ? ORDER BY first_seq LIMIT 1";
  return sql.exec<StoredArchive>(query, seq).toArray().map(archiveOf)[0];
}

/** The archives that may hold rows of an entry, oldest first: those of the time in its id, and those of its strays. */
export function findArchivesOf(sql: SqlStorage, entryId: string, atMs: number | undefined): LedgerArchive[] {
  return sql
    .exec<StoredArchive>(
      `SELECT * FROM ledger_archives AS a WHERE (a.from_ms <= ?2 AND a.to_ms >= ?2)
         OR EXISTS (SELECT 1 FROM ledger_strays AS s WHERE s.entry_id = ?1 AND s.seq BETWEEN a.first_seq AND a.last_seq)
       ORDER BY a.first_seq`,
      entryId,
      atMs ?? null,
    )
    .toArray()
    .map(archiveOf);
}

/**
 * The row before those that were written at a moment or later; what precedes them in their archive may follow it too.
 *
 * By halving, because rows stand in the order of their times: an index on these would cost each call a write.
 */
export function findRowBefore(sql: SqlStorage, fromMs: number): number {
  const archives = "SELECT first_seq FROM ledger_archives WHERE to_ms >= ? ORDER BY first_seq LIMIT 1";
  const [archive] = sql.exec<{ first_seq: number }>(archives, fromMs).toArray();
  if (archive) return archive.first_seq - 1;
  const ends = "SELECT coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last FROM ledger_rows";
  const { first, last } = sql.exec<{ first: number; last: number }>(ends).one();
  let [before, from] = [first - 1, last + 1];
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    const row = "SELECT at_ms FROM ledger_rows WHERE seq >= ? ORDER BY seq LIMIT 1";
    const { at_ms: atMs } = sql.exec<{ at_ms: number }>(row, middle).one();
    if (atMs < fromMs) before = middle;
    else from = middle;
  }
  return before;
}

/** Between which rows the cell's own part of the ledger lies, and when its oldest rows were written. */
export interface OldestRows {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstMs: number;
  /** When the row at the end of a full archive was written; undefined while there is none. */
  readonly fullMs: number | undefined;
}

/** What leaves the cell next; undefined while there is nothing but the last row, which always stays. */
export function readOldest(sql: SqlStorage, archiveRows: number): OldestRows | undefined {
  const [row] = sql
    .exec<{ first_seq: number; last_seq: number; first_ms: number; full_ms: number | null }>(
      `SELECT f.seq AS first_seq, l.seq AS last_seq, f.at_ms AS first_ms,
              (SELECT at_ms FROM ledger_rows WHERE seq = f.seq + ? AND seq < l.seq) AS full_ms
       FROM (SELECT seq, at_ms FROM ledger_rows ORDER BY seq LIMIT 1) AS f,
            (SELECT seq FROM ledger_rows ORDER BY seq DESC LIMIT 1) AS l
       WHERE f.seq < l.seq`,
      archiveRows - 1,
    )
    .toArray();
  return (
    row && {
      firstSeq: row.first_seq,
      lastSeq: row.last_seq,
      firstMs: row.first_ms,
      fullMs: row.full_ms ?? undefined,
    }
  );
}

type StoredArchive = {
  first_seq: number;
  last_seq: number;
  first_previous_hash: string;
  last_hash: string;
  from_ms: number;
  to_ms: number;
  rows: number;
  bytes: number;
  object_key: string;
  sha256: string;
};

function archiveOf(row: StoredArchive): LedgerArchive {
  return {
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    firstPreviousHash: row.first_previous_hash,
    lastHash: row.last_hash,
    fromMs: row.from_ms,
    toMs: row.to_ms,
    rows: row.rows,
    bytes: row.bytes,
    objectKey: row.object_key,
    sha256: row.sha256,
  };
}
