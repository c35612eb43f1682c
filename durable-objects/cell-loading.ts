import {
  type CellDocuments,
  deleteDocument,
  putDocument,
  putDocuments,
  raiseEpoch,
} from "../src/admission/cell-state.store.ts";
import type { TenantPolicy } from "../src/admission/admission.rules.ts";
import type { Deployment } from "../src/admission/deployments.rules.ts";
import {
  type HashedKeyGrant,
  loadDeployments,
  loadKeyGrants,
  loadTenantPolicy,
} from "../src/admission/hot-state.store.ts";
import type { Database } from "../src/shared/database.ts";
import type { KeyId, ModelId, TenantId, UserId } from "../src/shared/ids.ts";
import { ARCHIVE_SCHEMA } from "../src/usage/archive.store.ts";
import { OUTBOX_SCHEMA } from "../src/events/outbox.store.ts";
import { ALERTS_SCHEMA } from "../src/usage/alerts.store.ts";
import { LEDGER_SCHEMA } from "../src/usage/ledger.store.ts";
import { OPEN_ENTRIES_SCHEMA } from "../src/usage/open-entries.store.ts";
import { PUBLICATION_SCHEMA } from "../src/usage/publication.store.ts";
import { ROLLUP_SCHEMA } from "../src/usage/rollup.store.ts";
import { STATISTICS_SCHEMA, deleteFigures } from "../src/usage/statistics.store.ts";
import type { CellMemory } from "./cell-memory.ts";

/** What the control plane has changed in D1 and the cell must know before the change counts as made. */
export type Change =
  | { readonly kind: "tenant" }
  | { readonly kind: "key"; readonly keyId: KeyId }
  /** What a person is in the tenant, or whether they are suspended: their keys allow no more than they may do. */
  | { readonly kind: "member"; readonly userId: UserId }
  /** What a role of the tenant's own allows. */
  | { readonly kind: "roles" }
  | { readonly kind: "model"; readonly modelId: ModelId };

/** A tenant as D1 has it now; undefined when there is none. */
export async function loadTenant(tenantId: TenantId, db: Database): Promise<CellDocuments | undefined> {
  const policy = await loadTenantPolicy(tenantId, db);
  if (!policy) return undefined;
  const [keys, deployments] = await Promise.all([loadKeyGrants(tenantId, db), loadDeployments(tenantId, db)]);
  return { policy, keys, deployments };
}

const SCHEMAS = [
  LEDGER_SCHEMA,
  ARCHIVE_SCHEMA,
  OPEN_ENTRIES_SCHEMA,
  ROLLUP_SCHEMA,
  STATISTICS_SCHEMA,
  PUBLICATION_SCHEMA,
  OUTBOX_SCHEMA,
  ALERTS_SCHEMA,
];

/** Make a cell's tables where they are missing, and put a tenant into them. */
export function establish(storage: DurableObjectStorage, documents: CellDocuments): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    putDocuments(sql, documents);
    for (const schema of SCHEMAS) sql.exec(schema);
  });
}

/** Where a change goes. */
interface Cell {
  readonly storage: DurableObjectStorage;
  readonly memory: CellMemory;
}

/**
 * Read what changed from D1, and put it into the cell: into SQLite in one transaction, and then into memory.
 *
 * Whoever fails in between drops the memory, as after any transaction.
 */
export async function applyChange(tenantId: TenantId, db: Database, cell: Cell, change: Change): Promise<void> {
  switch (change.kind) {
    case "tenant": {
      const policy = await loadTenantPolicy(tenantId, db);
      if (!policy) throw new Error("The tenant has gone from D1.");
      putPolicy(cell, policy);
      return;
    }
    case "key": {
      const keys = await loadKeyGrants(tenantId, db, { keyId: change.keyId });
      if (keys.length === 0) throw new Error("The key has gone from D1.");
      putKeys(cell, keys);
      return;
    }
    case "member":
      putKeys(cell, await loadKeyGrants(tenantId, db, { userId: change.userId }));
      return;
    case "roles":
      putKeys(cell, await loadKeyGrants(tenantId, db, "personal"));
      return;
    case "model": {
      const [deployment] = await loadDeployments(tenantId, db, change.modelId);
      putModel(cell, change.modelId, deployment);
    }
  }
}

function putPolicy({ storage, memory }: Cell, policy: TenantPolicy): void {
  if (policy.version < memory.tenant.version) return;
  const { sql } = storage;
  const { notBeforeMs } = policy;
  const heldMs = storage.transactionSync(() => {
    putDocument(sql, "tenant", "tenant", policy);
    return notBeforeMs > 0 ? raiseEpoch(sql, { kind: "tenant", id: "", notBeforeMs }) : undefined;
  });
  if (heldMs !== undefined) memory.epochs.set("tenant ", heldMs);
  memory.putPolicy(policy);
}

function putKeys({ storage, memory }: Cell, keys: readonly HashedKeyGrant[]): void {
  storage.transactionSync(() => {
    for (const key of keys) putDocument(storage.sql, "key", key.keyId, key);
  });
  for (const key of keys) memory.putKey(key);
}

/** @param deployment  undefined for a model that is gone */
function putModel({ storage, memory }: Cell, modelId: ModelId, deployment: Deployment | undefined): void {
  const { sql } = storage;
  const kept = new Set(deployment?.versions.map(({ versionId }) => versionId));
  const gone = memory.versionsOf(modelId).filter((versionId) => !kept.has(versionId));
  storage.transactionSync(() => {
    if (deployment) putDocument(sql, "model", modelId, deployment);
    else deleteDocument(sql, "model", modelId);
    deleteFigures(sql, gone);
  });
  memory.removeDeployment(modelId);
  if (deployment) memory.putDeployment(deployment);
}
