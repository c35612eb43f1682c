import type { KeyId, ModelId, TenantId } from "../shared/ids.ts";
import type { Deployment, TenantPolicy } from "./admission.rules.ts";
import type { HashedKeyGrant } from "./hot-state.store.ts";
import type { TokenBucket } from "./token-bucket.rules.ts";

/** The cell's own copy of what it needs to admit: one JSON document per thing, and the bucket. */
const CELL_STATE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS hot_state (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS bucket (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    micro_tokens INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
  );
`;

/** Raise it with each change of the documents or the tables: a cell of another form makes its tables and reads D1 again. */
const FORMAT = 4;

/** The documents of hot_state, as they are kept in memory too. */
export interface HotState {
  policy: TenantPolicy;
  readonly keys: Map<KeyId, HashedKeyGrant>;
  readonly deployments: Map<ModelId, Deployment>;
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
export function putHotState(sql: SqlStorage, tenantId: TenantId, { policy, keys, deployments }: HotState): void {
  sql.exec(CELL_STATE_SCHEMA);
  sql.exec("DELETE FROM hot_state");
  putDocument(sql, "format", "hot_state", FORMAT);
  putDocument(sql, "tenant", tenantId, policy);
  for (const key of keys.values()) putDocument(sql, "key", key.keyId, key);
  for (const deployment of deployments.values()) putDocument(sql, "model", deployment.modelId, deployment);
}

/** Whether this cell was ever opened for a tenant that exists. */
function hasCellState(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'hot_state'").toArray().length > 0;
}

/** Read everything back after the cell was evicted; undefined when no tenant was ever written, or not in this form. */
export function readHotState(sql: SqlStorage): HotState | undefined {
  if (!hasCellState(sql) || readDocuments(sql, "format")[0] !== FORMAT) return undefined;
  const policy = readDocuments(sql, "tenant")[0];
  if (!policy) return undefined;
  return {
    policy,
    keys: new Map(readDocuments(sql, "key").map((key) => [key.keyId, key])),
    deployments: new Map(readDocuments(sql, "model").map((model) => [model.modelId, model])),
  };
}

/** The bucket as it was last written; undefined when nothing was ever drawn from it. */
export function readBucket(sql: SqlStorage): TokenBucket | undefined {
  const [row] = sql
    .exec<{ micro_tokens: number; updated_at_ms: number }>("SELECT micro_tokens, updated_at_ms FROM bucket")
    .toArray();
  return row && { microTokens: row.micro_tokens, updatedAtMs: row.updated_at_ms };
}

/** Write the bucket. */
export function writeBucket(sql: SqlStorage, bucket: TokenBucket): void {
  sql.exec(
    "INSERT OR REPLACE INTO bucket (id, micro_tokens, updated_at_ms) VALUES (1, ?, ?)",
    bucket.microTokens,
    bucket.updatedAtMs,
  );
}

function readDocuments<K extends keyof Documents>(sql: SqlStorage, kind: K): Documents[K][] {
  return (
    sql
      .exec<{ body: string }>("SELECT body FROM hot_state WHERE kind = ? ORDER BY id", kind)
      .toArray()
      // oxlint-disable-next-line typescript/no-unsafe-return -- putDocument wrote the row with this very type
      .map((row): Documents[K] => JSON.parse(row.body))
  );
}
