import type { Services } from "../services.ts";
import { type ModelId, type TenantId, newId } from "../shared/ids.ts";
import { filesOf, objectKeysOf } from "./models.rules.ts";
import { type InsertedModel, type ModelTree, deleteModel, insertModel } from "./models.store.ts";
import { type ReachedQuota, quotaAgainstVersion } from "./quota.rules.ts";
import { selectHoldings } from "./quota.store.ts";
import type { ModelActivity } from "./models.schemas.ts";
import type { ModelRow, VersionRow } from "./models.tables.ts";

/** Register a model's name, if it is free and within the tenant's quota. It serves nothing until a version is uploaded. */
export async function createModel(
  tenantId: TenantId,
  services: Services,
  wish: { name: string; description: string },
): Promise<InsertedModel> {
  const nowMs = services.now();
  const inserted = await insertModel(tenantId, services.db, { ...wish, id: newId("mdl", nowMs), createdAtMs: nowMs });
  if (inserted.kind === "inserted") await services.refresh(tenantId, { kind: "model", modelId: inserted.model.id });
  return inserted;
}

/** What a model's versions do and have done, as the tenant's cell has it. */
export async function readActivity(
  tenantId: TenantId,
  services: Services,
  { id, name }: Pick<ModelRow, "id" | "name">,
): Promise<ModelActivity> {
  const cell = services.cell(tenantId);
  const [inFlight, reports] = await Promise.all([cell.inFlight(id), cell.statistics(name)]);
  return { inFlight, statistics: new Map(reports?.map(({ versionId, statistics }) => [versionId, statistics])) };
}

/** The quota that a version of this size would exceed, or undefined: to be asked before its bytes are read. */
export async function quotaAgainstUpload(
  tenantId: TenantId,
  services: Services,
  modelId: ModelId,
  sizeBytes: number,
): Promise<ReachedQuota | undefined> {
  const [holdings] = await selectHoldings(tenantId, services.db, modelId);
  return holdings && quotaAgainstVersion(holdings, sizeBytes);
}

/** Delete a model, its versions, aliases and files. Its usage stays in the ledger. */
export async function removeModel(tenantId: TenantId, services: Services, tree: ModelTree): Promise<void> {
  const { model, versions } = tree;
  await deleteModel(tenantId, services.db, model.id);
  await services.refresh(tenantId, { kind: "model", modelId: model.id });
  const objectKeys = versions.flatMap((version) => objectKeysOfRow(tenantId, version));
  for (let start = 0; start < objectKeys.length; start += R2_DELETE_LIMIT) {
    await services.files.delete(objectKeys.slice(start, start + R2_DELETE_LIMIT));
  }
}

/** Objects that R2 deletes in one call at most. */
const R2_DELETE_LIMIT = 1000;

/** All object keys of a registered version. */
export function objectKeysOfRow(tenantId: TenantId, { id, modelId, externalData }: VersionRow): string[] {
  return objectKeysOf(filesOf(tenantId, { modelId, versionId: id, externalData }));
}
