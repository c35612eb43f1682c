import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { objectKeysOfRow } from "./models.service.ts";
import { type ModelTree, deleteVersion, findModelTree } from "./models.store.ts";

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

async function findUnused(
  tenantId: TenantId,
  services: Services,
  model: string,
  number: number | undefined,
): Promise<{ readonly kind: "unused"; readonly version: ModelTree["versions"][number] } | VersionRefusal> {
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
