import type { Services } from "../services.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { namesOf, objectKeysOf, versionFiles } from "./models.rules.ts";
import { type ModelTree, deleteAlias, deleteModel, deleteVersion, insertModel, putAlias } from "./models.store.ts";
import type { AliasRow, ModelRow, VersionRow } from "./models.tables.ts";

/** Register a model's name; undefined when it is taken. It serves nothing until a version is uploaded. */
export async function createModel(
  tenantId: TenantId,
  services: Services,
  wish: { name: string; description: string },
): Promise<ModelRow | undefined> {
  const nowMs = services.now();
  const model = await insertModel(tenantId, services.db, { ...wish, id: newId("mdl", nowMs), createdAtMs: nowMs });
  if (model) await services.refresh(tenantId, { kind: "model", modelId: model.id });
  return model;
}

/** Point an alias at a version. When the call returns, the next request is served by it. */
export async function promote(
  tenantId: TenantId,
  services: Services,
  model: ModelRow,
  target: { alias: string; version: number },
): Promise<AliasRow | undefined> {
  const alias = await putAlias(tenantId, services.db, {
    modelId: model.id,
    name: target.alias,
    versionNumber: target.version,
    updatedAtMs: services.now(),
  });
  if (alias) await services.refresh(tenantId, { kind: "model", modelId: model.id });
  return alias;
}

/** Take an alias away; false when there is none. */
export async function removeAlias(
  tenantId: TenantId,
  services: Services,
  model: ModelRow,
  alias: string,
): Promise<boolean> {
  const removed = await deleteAlias(tenantId, services.db, model.id, alias);
  if (removed) await services.refresh(tenantId, { kind: "model", modelId: model.id });
  return removed;
}

/** Delete a version and its file; false when an alias points at it. */
export async function removeVersion(tenantId: TenantId, services: Services, version: VersionRow): Promise<boolean> {
  const removed = await deleteVersion(tenantId, services.db, version);
  if (!removed) return false;
  await services.refresh(tenantId, { kind: "model", modelId: version.modelId });
  await services.files.delete(objectKeysOfRow(tenantId, version));
  return true;
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

function objectKeysOfRow(tenantId: TenantId, { id, modelId, externalData }: VersionRow): string[] {
  return objectKeysOf(versionFiles(tenantId, modelId, { versionId: id, externalData: namesOf(externalData) }));
}
