import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { parseVersionNumber } from "./models.rules.ts";
import { type ModelTree, findModelTree } from "./models.store.ts";
import type { VersionRow } from "./models.tables.ts";

/** A version that callers may have, or why they may not. */
export type Served =
  | { readonly kind: "served"; readonly tree: ModelTree; readonly version: VersionRow }
  | { readonly kind: "model-unloaded" | "version-not-found" | "version-retired" };

/** Find the version that a number or an alias names, if inferences of it would be admitted. */
export async function findServed(
  tenantId: TenantId,
  services: Services,
  model: string,
  wanted: string,
): Promise<Served> {
  const tree = await findModelTree(tenantId, services.db, model);
  if (!tree) return { kind: "version-not-found" };
  if (!tree.model.loaded) return { kind: "model-unloaded" };
  const alias = tree.aliases.find((candidate) => candidate.name === wanted);
  const number = parseVersionNumber(wanted) ?? alias?.versionNumber;
  const version = tree.versions.find((candidate) => candidate.number === number);
  if (!version) return { kind: "version-not-found" };
  return version.retiredAtMs === null ? { kind: "served", tree, version } : { kind: "version-retired" };
}
