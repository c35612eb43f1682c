import {
  ARCHIVE_ROWS,
  type LedgerArchive,
  anchorsOf,
  archiveDueMs,
  archiveKey,
  straysOf,
} from "../src/usage/archive.rules.ts";
import { GzipWriter, writeArchive } from "../src/usage/archive-objects.store.ts";
import {
  type OldestRows,
  findArchiveAfter,
  findArchivesOf,
  findRowBefore,
  readOldest,
  replaceByArchive,
} from "../src/usage/archive.store.ts";
import type { ChainHead, LedgerRow } from "../src/usage/chain.rules.ts";
import { readEntry, readRows } from "../src/usage/ledger.store.ts";
import { toLines } from "../src/usage/ledger-record.rules.ts";
import { firstUntold } from "../src/usage/publication.store.ts";
import { type TenantId, timeOfId } from "../src/shared/ids.ts";

/** Rows that are read and packed at once: some milliseconds in which the cell admits nobody. */
const PIECE_ROWS = 500;

/** What follows a row of the ledger, at one moment. */
export interface LedgerPart {
  /** The last row of the whole ledger. */
  readonly head: ChainHead;
  /** Where the next rows are, if they have left the cell. */
  readonly archive: LedgerArchive | undefined;
  /** The next rows, if they have not. */
  readonly rows: readonly LedgerRow[];
}

/** What the cell knows of one entry, at one moment. */
export interface EntryParts {
  readonly rows: readonly LedgerRow[];
  /** Where more of its rows may be, oldest first. */
  readonly archives: readonly LedgerArchive[];
}

/** Which rows of the ledger are asked for. */
export interface PartRequest {
  readonly afterSeq: number;
  /** When the first of them was written at the earliest, ms since 1970. */
  readonly fromMs: number;
  readonly most: number;
}

/** Rows of the ledger, or the archive that has them, and maybe some that precede them. */
export function readPart(sql: SqlStorage, head: ChainHead, { afterSeq, fromMs, most }: PartRequest): LedgerPart {
  const seq = fromMs > 0 ? Math.max(afterSeq, findRowBefore(sql, fromMs)) : afterSeq;
  const archive = findArchiveAfter(sql, seq);
  return { head, archive, rows: archive ? [] : readRows(sql, seq, most) };
}

/** The rows of one entry that are here, and the archives that may have the others. */
export function readEntryParts(sql: SqlStorage, entryId: string): EntryParts {
  const rows = readEntry(sql, entryId);
  const isWhole = rows.some(({ kind }) => kind !== "settlement"); // nothing precedes a charge
  return { rows, archives: isWhole ? [] : findArchivesOf(sql, entryId, timeOfId("ent", entryId)) };
}

/** When the next archive is due, ms since 1970; undefined while there is nothing to archive. */
export function nextArchiveMs(sql: SqlStorage, retentionMs: number): number | undefined {
  const oldest = readOldest(sql, ARCHIVE_ROWS);
  if (!oldest || oldest.firstMs >= toldUntilMs(sql)) return undefined;
  return archiveDueMs(oldest.firstMs, oldest.fullMs, keptMs(oldest, retentionMs));
}

/** Up to when rows may leave the cell now, ms since 1970: the plan keeps them no longer, and the registry was told of them. */
export function archivableUntilMs(sql: SqlStorage, retentionMs: number, nowMs: number): number {
  const oldest = readOldest(sql, ARCHIVE_ROWS);
  return Math.min(oldest ? nowMs - keptMs(oldest, retentionMs) : 0, toldUntilMs(sql));
}

/** Rows that a cell holds at most, whatever the plan says: some 1.6 GB of the 10 GB that an object may store. */
const MAX_ROWS = 5_000_000;
/** How long rows stay where there are more of them, in milliseconds. */
const CROWDED_MS = 3_600_000;

function keptMs({ firstSeq, lastSeq }: OldestRows, retentionMs: number): number {
  return lastSeq - firstSeq > MAX_ROWS ? Math.min(CROWDED_MS, retentionMs) : retentionMs;
}

/** How long before its settlement an inference may have been charged, in milliseconds: the longest run, and what its lease adds. */
const CHARGED_BEFORE_MS = 360_000;

/** Whose hours the registry was not told of stay, and the charges that their settlements are about. */
function toldUntilMs(sql: SqlStorage): number {
  const untold = firstUntold(sql);
  return untold ? untold.atMs - CHARGED_BEFORE_MS : Infinity;
}

/**
 * Move the oldest rows to R2, those of one archive at most; the ledger's last row stays.
 *
 * The object is written first; then, in one transaction, its archive takes the place of the rows. What fails between the two
 * leaves an object that nothing refers to, and is done again.
 *
 * @param untilMs  up to when rows are old enough, ms since 1970
 */
export async function archiveOldest(
  tenantId: TenantId,
  storage: DurableObjectStorage,
  files: R2Bucket,
  untilMs: number,
): Promise<void> {
  const { sql } = storage;
  const rows: LedgerRow[] = [];
  const gzip = new GzipWriter();
  for (const piece of piecesUntil(sql, untilMs)) {
    rows.push(...piece);
    await gzip.add(toLines(piece));
    await scheduler.wait(0); // a turn for those who wait to be admitted
  }
  const bytes = await gzip.end();
  const anchors = anchorsOf(rows);
  if (!anchors) return;
  const objectKey = archiveKey(tenantId, anchors);
  const sha256 = await writeArchive(files, objectKey, bytes);
  const archive = { ...anchors, objectKey, bytes: bytes.byteLength, sha256 };
  storage.transactionSync(() => {
    replaceByArchive(sql, archive, straysOf(rows, anchors));
  });
}

/** The cell's oldest rows, those of one archive at most: the ones up to a moment, but for the ledger's last row. */
function* piecesUntil(sql: SqlStorage, untilMs: number): Generator<LedgerRow[]> {
  const oldest = readOldest(sql, ARCHIVE_ROWS);
  if (!oldest) return;
  const { firstSeq, lastSeq } = oldest;
  let afterSeq = firstSeq - 1;
  for (let taken = 0; taken < ARCHIVE_ROWS; taken += PIECE_ROWS) {
    const piece = readRows(sql, afterSeq, PIECE_ROWS);
    const end = piece.findIndex(({ seq, atMs }) => seq === lastSeq || atMs > untilMs);
    yield end === -1 ? piece : piece.slice(0, end);
    if (end !== -1) return;
    afterSeq = piece.at(-1)?.seq ?? lastSeq;
  }
}
