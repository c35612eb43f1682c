import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { setLoaded } from "./repository.store.ts";

/** Load or unload a model; false when there is none. When the call returns, the next request meets the change. */
export async function changeLoaded(
  tenantId: TenantId,
  services: Services,
  model: string,
  loaded: boolean,
): Promise<boolean> {
  const modelId = await setLoaded(tenantId, services.db, model, loaded);
  if (modelId === undefined) return false;
  await services.refresh(tenantId, { kind: "model", modelId });
  return true;
}
