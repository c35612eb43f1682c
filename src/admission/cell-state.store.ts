import { CLAIMS_SCHEMA } from "./claims.store.ts";
import type { TenantPolicy } from "./admission.rules.ts";
import type { EpochKind } from "./credentials.rules.ts";
import type { Deployment } from "./deployments.rules.ts";
import type { HashedKeyGrant } from "./hot-state.store.ts";
import { KEY_USES_SCHEMA } from "./key-uses.store.ts";
import { METERS_SCHEMA } from "./meters.store.ts";

/** The cell's own copy of what it needs to admit: one JSON document per thing; when credentials begin to hold; and credit. */
const CELL_STATE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS hot_state (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS epochs (
    subject TEXT PRIMARY KEY,
    not_before_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS credit_grants (
    id TEXT PRIMARY KEY,
    amount_micro_usd INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** Raise it with each change of the documents or the tables: a cell of another form makes its tables and reads D1 again. */
const FORMAT = 12;

/** What D1 knows of a tenant and its cell needs on the hot path. */
export interface CellDocuments {
  readonly policy: TenantPolicy;
  readonly keys: readonly HashedKeyGrant[];
  readonly deployments: readonly Deployment[];
}

type Documents = { format: number; tenant: TenantPolicy; key: HashedKeyGrant; model: Deployment };

/** Write one document. */
export function putDocument<K extends keyof Documents>(sql: SqlStorage, kind: K, id: string, body: Documents[K]): void {
  sql.exec("INSERT OR REPLACE INTO hot_state (kind, id, body) VALUES (?, ?, ?)", kind, id, JSON.stringify(body));
}

/** Remove one document. */
export function deleteDocument(sql: SqlStorage, kind: keyof Documents, id: string): void {
  sql.exec("DELETE FROM hot_state WHERE kind = ? AND id = ?", kind, id);
}

/** Make the tables where they are missing, and put these documents in the place of all others. */
export function putDocuments(sql: SqlStorage, { policy, keys, deployments }: CellDocuments): void {
  sql.exec(CELL_STATE_SCHEMA);
  sql.exec(METERS_SCHEMA);
  sql.exec(CLAIMS_SCHEMA);
  sql.exec(KEY_USES_SCHEMA);
  sql.exec("DELETE FROM hot_state");
  putDocument(sql, "format", "hot_state", FORMAT);
  putDocument(sql, "tenant", "tenant", policy);
  if (policy.notBeforeMs > 0) raiseEpoch(sql, "tenant", "", policy.notBeforeMs);
  for (const key of keys) putDocument(sql, "key", key.keyId, key);
  for (const deployment of deployments) putDocument(sql, "model", deployment.modelId, deployment);
}

/** Read everything back after the cell was evicted; undefined when no tenant was ever written, or not in this form. */
export function readDocuments(sql: SqlStorage): CellDocuments | undefined {
  if (!hasCellState(sql) || readKind(sql, "format")[0] !== FORMAT) return undefined;
  const [policy] = readKind(sql, "tenant");
  return policy && { policy, keys: readKind(sql, "key"), deployments: readKind(sql, "model") };
}

/** Whether this cell was ever opened for a tenant that exists. */
function hasCellState(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'hot_state'").toArray().length > 0;
}

function readKind<K extends keyof Documents>(sql: SqlStorage, kind: K): Documents[K][] {
  return (
    sql
      .exec<{ body: string }>("SELECT body FROM hot_state WHERE kind = ? ORDER BY id", kind)
      .toArray()
      // oxlint-disable-next-line typescript/no-unsafe-return -- putDocument wrote the row with this very type
      .map((row): Documents[K] => JSON.parse(row.body))
  );
}

/** When credentials begin to hold, by the kind and id of whom they are about. */
export function readEpochs(sql: SqlStorage): Map<string, number> {
  const rows = sql.exec<{ subject: string; not_before_ms: number }>("SELECT subject, not_before_ms FROM epochs");
  return new Map(rows.toArray().map((row) => [row.subject, row.not_before_ms]));
}

/** Void what was issued before this moment; a later one that is known stays. @returns the moment that holds now */
export function raiseEpoch(sql: SqlStorage, kind: EpochKind, id: string, notBeforeMs: number): number {
  const { not_before_ms: held } = sql
    .exec<{ not_before_ms: number }>(
      `INSERT INTO epochs (subject, not_before_ms) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET not_before_ms = max(not_before_ms, excluded.not_before_ms) RETURNING not_before_ms`,
      `${kind} ${id}`,
      notBeforeMs,
    )
    .one();
  return held;
}

/** Everything that was granted in advance, in micro-dollars. */
export function readCredit(sql: SqlStorage): number {
  return sql.exec<{ total: number }>("SELECT coalesce(sum(amount_micro_usd), 0) AS total FROM credit_grants").one()
    .total;
}

/** Record a grant of credit; false when one with this id was recorded before. */
export function addCreditGrant(sql: SqlStorage, id: string, amountMicroUsd: number): boolean {
  const added = sql.exec(
    "INSERT INTO credit_grants (id, amount_micro_usd) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id",
    id,
    amountMicroUsd,
  );
  return added.toArray().length > 0;
}
