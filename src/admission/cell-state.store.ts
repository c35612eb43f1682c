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
const FORMAT = 13;

/**
 * How tables have changed since they were first made, in order: each is done once in the life of a cell. Only ever add to the end,
 * and raise {@link FORMAT}; what the tables were at first stands in their schemas, and stays.
 */
const STEPS: readonly string[] = [
  "ALTER TABLE claims ADD COLUMN holder_id TEXT",
  "ALTER TABLE epochs ADD COLUMN raised_at_ms INTEGER NOT NULL DEFAULT 0",
];

const STEPS_SCHEMA = "CREATE TABLE IF NOT EXISTS steps (number INTEGER PRIMARY KEY)";

/** Bring tables that exist to their present form. */
function takeSteps(sql: SqlStorage): void {
  sql.exec(STEPS_SCHEMA);
  const { taken } = sql.exec<{ taken: number }>("SELECT count(*) AS taken FROM steps").one();
  for (const [index, step] of STEPS.entries()) {
    if (index < taken) continue;
    sql.exec(step);
    sql.exec("INSERT INTO steps (number) VALUES (?)", index);
  }
}

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
  takeSteps(sql);
  sql.exec("DELETE FROM hot_state");
  putDocument(sql, "format", "hot_state", FORMAT);
  putDocument(sql, "tenant", "tenant", policy);
  if (policy.notBeforeMs > 0) raiseEpoch(sql, { kind: "tenant", id: "", notBeforeMs: policy.notBeforeMs });
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

/** Since when credentials of a subject hold. */
interface Epoch {
  readonly kind: EpochKind;
  readonly id: string;
  readonly notBeforeMs: number;
}

/** Void what was issued before this moment; a later one that is known stays. @returns the moment that holds now */
export function raiseEpoch(sql: SqlStorage, { kind, id, notBeforeMs }: Epoch, nowMs = 0): number {
  const { not_before_ms: held } = sql
    .exec<{ not_before_ms: number }>(
      `INSERT INTO epochs (subject, not_before_ms, raised_at_ms) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET
         not_before_ms = max(not_before_ms, excluded.not_before_ms),
         raised_at_ms = max(raised_at_ms, excluded.raised_at_ms)
       RETURNING not_before_ms`,
      `${kind} ${id}`,
      notBeforeMs,
      nowMs,
    )
    .one();
  return held;
}

/** Epochs that concern tokens alone: a tenant's concern its keys too, which live as long as they like. */
const OF_TOKENS = "subject NOT LIKE 'tenant %' AND subject NOT LIKE 'key %'";

/** When the oldest epoch of tokens was raised, ms since 1970; undefined when there is none. */
export function oldestTokenEpochMs(sql: SqlStorage): number | undefined {
  const { oldest } = sql
    .exec<{ oldest: number | null }>(`SELECT min(raised_at_ms) AS oldest FROM epochs WHERE ${OF_TOKENS}`)
    .one();
  return oldest ?? undefined;
}

/** Forget the epochs of tokens that were raised so long ago that no token of then holds. @returns their subjects */
export function forgetTokenEpochs(sql: SqlStorage, raisedBeforeMs: number): string[] {
  return sql
    .exec<{ subject: string }>(
      `DELETE FROM epochs WHERE ${OF_TOKENS} AND raised_at_ms <= ? RETURNING subject`,
      raisedBeforeMs,
    )
    .toArray()
    .map(({ subject }) => subject);
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
