import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import type { ModelActivity } from "./models.schemas.ts";
import { objectKeysOfRow, readActivity } from "./models.service.ts";
import { type ModelTree, deleteVersion, findModelTree, reinstate, retire } from "./models.store.ts";
import type { AliasRow, VersionRow } from "./models.tables.ts";

/** What sends callers to a version: while there is any, it is neither deleted nor retired. */
export interface VersionUses {
  readonly aliases: readonly string[];
  /** Percent of production's callers; undefined where traffic gives it none. */
  readonly weight: number | undefined;
}

/** Why a version stays as it is. */
export type VersionRefusal =
  | { readonly kind: "model-not-found" | "version-not-found" }
  | ({ readonly kind: "version-in-use" } & VersionUses);

/** A version that went into or out of service. */
export interface VersionMoved {
  readonly kind: "moved";
  readonly version: VersionRow;
  readonly aliases: readonly AliasRow[];
  readonly activity: ModelActivity;
}

/** Delete a version and its files. */
export async function removeVersion(
  tenantId: TenantId,
  services: Services,
  model: string,
  number: number | undefined,
): Promise<{ readonly kind: "removed" } | VersionRefusal> {
  for (;;) {
    const found = await findUnused(tenantId, services, model, number);
    if (found.kind !== "unused") return found;
    // Nothing is deleted when somebody has sent callers to it meanwhile; then it is looked at anew.
    if (!(await deleteVersion(tenantId, services.db, found.version))) continue;
    await services.refresh(tenantId, { kind: "model", modelId: found.version.modelId });
    await services.files.delete(objectKeysOfRow(tenantId, found.version));
    return { kind: "removed" };
  }
}

/**
 * Take a version out of service. When the call returns, no further request is admitted to it; those under way end.
 */
export async function retireVersion(
  tenantId: TenantId,
  services: Services,
  model: string,
  number: number | undefined,
): Promise<VersionMoved | VersionRefusal> {
  for (;;) {
    const found = await findUnused(tenantId, services, model, number);
    if (found.kind !== "unused") return found;
    // Nothing is retired when somebody has sent callers to it meanwhile; then it is looked at anew.
    if (!(await retire(tenantId, services.db, found.version, services.now()))) continue;
    return await move(tenantId, services, model, found.version);
  }
}

/** Put a retired version back into service. It gets callers again who name it, and aliases and traffic may. */
export async function reinstateVersion(
  tenantId: TenantId,
  services: Services,
  model: string,
  number: number | undefined,
): Promise<VersionMoved | VersionRefusal> {
  const tree = await findModelTree(tenantId, services.db, model);
  if (!tree) return { kind: "model-not-found" };
  const version = tree.versions.find((candidate) => candidate.number === number);
  if (!version) return { kind: "version-not-found" };
  await reinstate(tenantId, services.db, version.id);
  return await move(tenantId, services, model, version);
}

/** Tell the cell, then say how the version stands. */
async function move(
  tenantId: TenantId,
  services: Services,
  model: string,
  { id, modelId }: VersionRow,
): Promise<VersionMoved | VersionRefusal> {
  await services.refresh(tenantId, { kind: "model", modelId });
  const [activity, tree] = await Promise.all([
    readActivity(tenantId, services, { id: modelId, name: model }),
    findModelTree(tenantId, services.db, model),
  ]);
  const version = tree?.versions.find((candidate) => candidate.id === id);
  return version ? { kind: "moved", version, aliases: tree?.aliases ?? [], activity } : { kind: "version-not-found" };
}

async function findUnused(
  tenantId: TenantId,
  services: Services,
  model: string,
  number: number | undefined,
): Promise<{ readonly kind: "unused"; readonly version: VersionRow } | VersionRefusal> {
  const tree = await findModelTree(tenantId, services.db, model);
  if (!tree) return { kind: "model-not-found" };
  const version = tree.versions.find((candidate) => candidate.number === number);
  if (!version) return { kind: "version-not-found" };
  const uses = usesOf(tree, version.number);
  const isUsed = uses.aliases.length > 0 || uses.weight !== undefined;
  return isUsed ? { kind: "version-in-use", ...uses } : { kind: "unused", version };
}

function usesOf({ model, aliases }: ModelTree, number: number): VersionUses {
  const pointing = aliases.filter((alias) => alias.versionNumber === number);
  return { aliases: pointing.map((alias) => alias.name), weight: model.traffic?.[String(number)] };
}
