import { DEFAULT_ALIAS } from "../admission/deployments.rules.ts";
import type { Serving } from "../admission/traffic.rules.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import type { ServingChange, ServingRefusal, ServingState } from "./serving.rules.ts";
import { type ModelTree, findModelTree } from "./models.store.ts";
import { swapServing } from "./serving.store.ts";

/** What became of a wish to change what serves. */
export type ServingChanged =
  | { readonly kind: "changed"; readonly serving: Serving | undefined; readonly atMs: number }
  | { readonly kind: "model-not-found" }
  | ServingRefusal;

/**
 * Change what serves callers who name no version. When the call returns, the next request meets the change.
 *
 * The rule decides on what it reads. Where another change comes between, it decides anew, so that of changes at once each
 * builds on the one before. The cell is told even when nothing changed: the call before may have ended half-way.
 */
export async function changeServing(
  tenantId: TenantId,
  services: Services,
  model: string,
  decide: (state: ServingState) => ServingChange | ServingRefusal,
): Promise<ServingChanged> {
  for (;;) {
    const tree = await findModelTree(tenantId, services.db, model);
    if (!tree) return { kind: "model-not-found" };
    const change = decide(servingState(tree));
    if (change.kind !== "changed") return change;
    const { id: modelId, servingTag: decidedOn } = tree.model;
    const atMs = services.now();
    const swap = { ...change, modelId, decidedOn, alias: DEFAULT_ALIAS, nowMs: atMs };
    if (!(await swapServing(tenantId, services.db, swap))) continue;
    await services.refresh(tenantId, { kind: "model", modelId });
    return { kind: "changed", serving: change.serving, atMs };
  }
}

/** What serves callers who name no version, as the registry has it. */
export function servingState({ model, versions, aliases }: ModelTree): ServingState {
  const production = aliases.find((alias) => alias.name === DEFAULT_ALIAS);
  const serving = production && { version: production.versionNumber, traffic: model.traffic };
  return { serving, previous: model.previous, versions };
}
