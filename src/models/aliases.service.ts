import { DEFAULT_ALIAS } from "../admission/deployments.rules.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { deleteAlias, findModel, findModelTree, putAlias } from "./models.store.ts";
import { goneOf, promoted, withdrawn } from "./serving.rules.ts";
import { type ServingChanged, changeServing } from "./serving.service.ts";

/** What became of a wish to point an alias at a version. */
export type AliasPointed =
  | { readonly kind: "pointed"; readonly updatedAtMs: number }
  | Exclude<ServingChanged, { kind: "changed" }>;

/** What became of a wish to take an alias away. */
export type AliasRemoved = { readonly kind: "removed" | "model-not-found" | "alias-not-found" };

/** Point an alias at a version. When the call returns, the next request is served by it. */
export async function pointAlias(
  tenantId: TenantId,
  services: Services,
  model: string,
  target: { alias: string; version: number },
): Promise<AliasPointed> {
  if (target.alias === DEFAULT_ALIAS) {
    const changed = await changeServing(tenantId, services, model, (state) => promoted(state, target.version));
    return changed.kind === "changed" ? { kind: "pointed", updatedAtMs: changed.atMs } : changed;
  }
  for (;;) {
    const tree = await findModelTree(tenantId, services.db, model);
    if (!tree) return { kind: "model-not-found" };
    const gone = goneOf(tree.versions, [target.version]);
    if (gone) return gone;
    const { id: modelId } = tree.model;
    const updatedAtMs = services.now();
    const alias = { modelId, name: target.alias, versionNumber: target.version, updatedAtMs };
    // Nothing is written when the version went meanwhile; then it is looked at anew.
    if (!(await putAlias(tenantId, services.db, alias))) continue;
    await services.refresh(tenantId, { kind: "model", modelId });
    return { kind: "pointed", updatedAtMs };
  }
}

/** Take an alias away. Without production the model serves only callers who name a version. */
export async function removeAlias(
  tenantId: TenantId,
  services: Services,
  model: string,
  alias: string,
): Promise<AliasRemoved> {
  if (alias === DEFAULT_ALIAS) {
    const changed = await changeServing(tenantId, services, model, withdrawn);
    if (changed.kind === "changed") return { kind: "removed" };
    return { kind: changed.kind === "model-not-found" ? changed.kind : "alias-not-found" };
  }
  const row = await findModel(tenantId, services.db, model);
  if (!row) return { kind: "model-not-found" };
  if (!(await deleteAlias(tenantId, services.db, row.id, alias))) return { kind: "alias-not-found" };
  await services.refresh(tenantId, { kind: "model", modelId: row.id });
  return { kind: "removed" };
}
