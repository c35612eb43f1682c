import type { Services } from "../services.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { type TenantPatch, insertTenant, updateTenant } from "./tenants.store.ts";
import type { TenantLimits, TenantPolicyPatch, TenantRow } from "./tenants.tables.ts";

/** Register a tenant; its cell comes to be with its first request. */
export async function createTenant(
  services: Services,
  wish: Pick<TenantRow, "name"> & TenantLimits & TenantPolicyPatch,
): Promise<TenantRow> {
  const createdAtMs = services.now();
  const id = newId("ten", createdAtMs);
  const tenant = await insertTenant(id, services.db, { ...wish, status: "active", createdAtMs });
  await services.refresh(id, { kind: "tenant" });
  return tenant;
}

/** Change a tenant. When the call returns, its next request meets the new status and limits. */
export async function changeTenant(
  tenantId: TenantId,
  services: Services,
  patch: TenantPatch,
): Promise<TenantRow | undefined> {
  const tenant = await updateTenant(tenantId, services.db, patch);
  if (tenant) await services.refresh(tenantId, { kind: "tenant" });
  return tenant;
}
