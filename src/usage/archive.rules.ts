import { type TenantId, timeOfId } from "../shared/ids.ts";
import type { LedgerRow } from "./chain.rules.ts";

/** Rows in one archive at most: some 300 kB in R2, and a moment's work to read. */
export const ARCHIVE_ROWS = 5_000;

/** How long rows that are no full archive wait for more of them, in milliseconds: a quiet tenant gets one object a day. */
const GATHERING_MS = 86_400_000;

/** Where rows lie that have left the cell, and what holds them in the chain. */
export interface LedgerArchive {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The hash of the row before the first. */
  readonly firstPreviousHash: string;
  readonly lastHash: string;
  /** Between which times all of its rows were written, both included, ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly objectKey: string;
  /** SHA-256 of the object, hex. */
  readonly sha256: string;
}

/** What can be said of an archive by its rows alone. */
export type ArchiveAnchors = Omit<LedgerArchive, "objectKey" | "bytes" | "sha256">;

/** How an archive of these rows hangs in the chain; undefined for no rows. */
export function anchorsOf(rows: readonly LedgerRow[]): ArchiveAnchors | undefined {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return undefined;
  return {
    firstSeq: first.seq,
    lastSeq: last.seq,
    firstPreviousHash: first.previousHash,
    lastHash: last.hash,
    fromMs: rows.reduce((least, { atMs }) => Math.min(least, atMs), Infinity),
    toMs: rows.reduce((most, { atMs }) => Math.max(most, atMs), -Infinity),
    rows: rows.length,
  };
}

/** Whether an archive holds these rows and no others. */
export function describes(archive: LedgerArchive, rows: readonly LedgerRow[]): boolean {
  const anchors = Object.entries(anchorsOf(rows) ?? {});
  const stated = new Map<string, unknown>(Object.entries(archive));
  return anchors.length > 0 && anchors.every(([name, value]) => stated.get(name) === value);
}

/** `tenants/{tenant}/ledger/{first}-{last}.jsonl.gz`, in an order that is the rows'. */
export function archiveKey(tenantId: TenantId, { firstSeq, lastSeq }: ArchiveAnchors): string {
  const padded = (seq: number): string => String(seq).padStart(16, "0");
  return `tenants/${tenantId}/ledger/${padded(firstSeq)}-${padded(lastSeq)}.jsonl.gz`;
}

/**
 * Rows that are not found by the time in their entry's id, because their archive is of other times: a settlement that came to lie
 * in a later archive than its charge, an archive's first charges, whose ids were made a moment before, and credit, whose ids tell no
 * time.
 */
export function straysOf(rows: readonly LedgerRow[], { fromMs, toMs }: ArchiveAnchors): LedgerRow[] {
  return rows.filter(({ entryId }) => {
    const atMs = timeOfId("ent", entryId);
    return atMs === undefined || atMs < fromMs || atMs > toMs;
  });
}

/**
 * When the oldest rows are to leave the cell: once a full archive of them is older than the retention, or a day later.
 *
 * @param firstMs  when the oldest row was written
 * @param fullMs   when the last row of a full archive was written; undefined while there is no full one
 */
export function archiveDueMs(firstMs: number, fullMs: number | undefined, retentionMs: number): number {
  const gatheredMs = firstMs + GATHERING_MS;
  return retentionMs + Math.max(firstMs, Math.min(gatheredMs, fullMs ?? gatheredMs));
}
