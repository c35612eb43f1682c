import type { EntryId, VersionId } from "../shared/ids.ts";
import type { Claim, StoredAnswer } from "./claims.rules.ts";

/** Idempotency keys and the answers that are given again. Answers of over 64 KiB lie in R2. */
export const CLAIMS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS claims (
    id TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    version_id TEXT,
    started_at_ms INTEGER NOT NULL,
    lease_ends_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    object_key TEXT
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS claims_by_expiry ON claims (expires_at_ms);
`;

/** Write a claim, in the place of an earlier one under this key. What R2 keeps of that one is left to {@link expiredClaims}. */
export function writeClaim(sql: SqlStorage, id: string, claim: Claim): void {
  const earlier = objectKeyOf(sql, id);
  if (earlier !== null) abandonObject(sql, earlier);
  sql.exec(
    `INSERT OR REPLACE INTO claims
       (id, entry_id, holder_id, fingerprint, version_id, started_at_ms, lease_ends_at_ms, expires_at_ms, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    claim.entryId,
    claim.holderId ?? null,
    claim.fingerprint,
    claim.versionId ?? null,
    claim.startedAtMs,
    claim.leaseEndsAtMs,
    claim.expiresAtMs,
    claim.state,
  );
}

/** What an idempotency key stands for; undefined when it was never seen or was given back. */
export function findClaim(sql: SqlStorage, id: string): Claim | undefined {
  const [row] = sql.exec<StoredClaim>("SELECT * FROM claims WHERE id = ?", id).toArray();
  if (!row) return undefined;
  return {
    entryId: row.entry_id,
    holderId: row.holder_id ?? undefined,
    fingerprint: row.fingerprint,
    versionId: row.version_id ?? undefined,
    startedAtMs: row.started_at_ms,
    leaseEndsAtMs: row.lease_ends_at_ms,
    expiresAtMs: row.expires_at_ms,
    state: row.state,
    answer: answerOf(row),
  };
}

/**
 * Keep what the first request was answered. What is kept already stays: a repetition that ran again changes nothing, and what R2
 * has of it is left to {@link expiredClaims}.
 */
export function keepAnswer(
  sql: SqlStorage,
  id: string,
  entryId: EntryId,
  { status, headers, body }: StoredAnswer,
): void {
  const [inline, objectKey] = body instanceof Uint8Array ? [body, null] : [null, body.objectKey];
  const kept = sql.exec(
    `UPDATE claims SET state = 'ended', status = ?, headers = ?, body = ?, object_key = ?
     WHERE id = ? AND entry_id = ? AND status IS NULL RETURNING id`,
    status,
    JSON.stringify(headers),
    inline,
    objectKey,
    id,
    entryId,
  );
  const isKept = kept.toArray().length > 0;
  const isToldAgain = objectKeyOf(sql, id) === objectKey;
  if (objectKey !== null && !isKept && !isToldAgain) abandonObject(sql, objectKey);
}

/** Where R2 has the answer of a key; null when it has none. */
function objectKeyOf(sql: SqlStorage, id: string): string | null {
  const [row] = sql.exec<{ object_key: string | null }>("SELECT object_key FROM claims WHERE id = ?", id).toArray();
  return row?.object_key ?? null;
}

/** Let an object of R2 that no key leads to be removed with what has expired: no key of a caller is called like this one. */
function abandonObject(sql: SqlStorage, objectKey: string): void {
  sql.exec(
    `INSERT OR REPLACE INTO claims (id, entry_id, fingerprint, started_at_ms, lease_ends_at_ms, expires_at_ms, state, object_key)
     VALUES (?, '', '', 1, 1, 1, 'ended', ?)`,
    `abandoned ${objectKey}`,
    objectKey,
  );
}

/** Its request has ended, and there is no answer to keep. */
export function endClaim(sql: SqlStorage, id: string, entryId: EntryId): void {
  sql.exec("UPDATE claims SET state = 'ended' WHERE id = ? AND entry_id = ?", id, entryId);
}

/** Give a key back: its request ended without anything to repeat. */
export function releaseClaim(sql: SqlStorage, id: string, entryId: EntryId): void {
  sql.exec("DELETE FROM claims WHERE id = ? AND entry_id = ? AND status IS NULL", id, entryId);
}

/** When the first of all claims expires; undefined when there is none. */
export function nextExpiryMs(sql: SqlStorage): number | undefined {
  const [row] = sql.exec<{ at: number | null }>("SELECT min(expires_at_ms) AS at FROM claims").toArray();
  return row?.at ?? undefined;
}

/** Claims whose time is over, so many at most: their ids, and what they keep in R2. */
export function expiredClaims(
  sql: SqlStorage,
  nowMs: number,
  most: number,
): { id: string; objectKey: string | null }[] {
  return sql
    .exec<{ id: string; object_key: string | null }>(
      "SELECT id, object_key FROM claims WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?",
      nowMs,
      most,
    )
    .toArray()
    .map(({ id, object_key: objectKey }) => ({ id, objectKey }));
}

/** Forget claims; one that was taken anew meanwhile stays. */
export function deleteExpired(sql: SqlStorage, ids: readonly string[], nowMs: number): void {
  sql.exec(
    "DELETE FROM claims WHERE expires_at_ms <= ? AND id IN (SELECT value FROM json_each(?))",
    nowMs,
    JSON.stringify(ids),
  );
}

type StoredClaim = {
  holder_id: EntryId | null;
  entry_id: EntryId;
  fingerprint: string;
  version_id: VersionId | null;
  started_at_ms: number;
  lease_ends_at_ms: number;
  expires_at_ms: number;
  state: "running" | "ended";
  status: number | null;
  headers: string | null;
  body: ArrayBuffer | null;
  object_key: string | null;
};

function answerOf(row: StoredClaim): StoredAnswer | undefined {
  if (row.status === null || row.headers === null) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- keepAnswer wrote it
  const headers: StoredAnswer["headers"] = JSON.parse(row.headers);
  const body = row.object_key === null ? new Uint8Array(row.body ?? new ArrayBuffer()) : { objectKey: row.object_key };
  return { status: row.status, headers, body };
}
