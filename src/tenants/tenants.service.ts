import type { Services } from "../services.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { type TenantPatch, insertTenant, raiseNotBefore, updateTenant } from "./tenants.store.ts";
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

/**
 * Void all credentials that the tenant has: its keys and tokens. When the call returns, they are refused, and those that are made
 * from now on hold.
 *
 * Should telling the cell fail, the caller gets a fault and does it again.
 */
export async function voidCredentials(tenantId: TenantId, services: Services): Promise<TenantRow | undefined> {
  const tenant = await raiseNotBefore(tenantId, services.db, services.now());
  if (tenant) await services.refresh(tenantId, { kind: "tenant" });
  return tenant;
}
