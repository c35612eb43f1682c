import {
  type CellDocuments,
  deleteDocument,
  putDocument,
  putDocuments,
  raiseEpoch,
} from "../src/admission/cell-state.store.ts";
import { loadDeployments, loadKeyGrants, loadTenantPolicy } from "../src/admission/hot-state.store.ts";
import type { Database } from "../src/shared/database.ts";
import type { KeyId, ModelId, TenantId } from "../src/shared/ids.ts";
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

/** Read one thing that changed from D1, and put it into the cell. */
export async function applyChange(
  tenantId: TenantId,
  db: Database,
  { storage, memory }: { storage: DurableObjectStorage; memory: CellMemory },
  change: Change,
): Promise<void> {
  const { sql } = storage;
  switch (change.kind) {
    case "tenant": {
      const policy = await loadTenantPolicy(tenantId, db);
      if (!policy) throw new Error("The tenant has gone from D1.");
      if (policy.version < memory.tenant.version) return;
      putDocument(sql, "tenant", "tenant", policy);
      const { notBeforeMs } = policy;
      if (notBeforeMs > 0) memory.epochs.set("tenant ", raiseEpoch(sql, { kind: "tenant", id: "", notBeforeMs }));
      memory.putPolicy(policy);
      return;
    }
    case "key": {
      const [key] = await loadKeyGrants(tenantId, db, change.keyId);
      if (!key) throw new Error("The key has gone from D1.");
      putDocument(sql, "key", key.keyId, key);
      memory.putKey(key);
      return;
    }
    case "model": {
      const [deployment] = await loadDeployments(tenantId, db, change.modelId);
      const kept = new Set(deployment?.versions.map(({ versionId }) => versionId));
      const gone = memory.removeDeployment(change.modelId).filter((versionId) => !kept.has(versionId));
      if (deployment) memory.putDeployment(deployment);
      storage.transactionSync(() => {
        if (deployment) putDocument(sql, "model", change.modelId, deployment);
        else deleteDocument(sql, "model", change.modelId);
        deleteFigures(sql, gone);
      });
    }
  }
}
