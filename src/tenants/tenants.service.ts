import type { Services } from "../services.ts";
import { type TenantId, newTenantId } from "../shared/ids.ts";
import type { Jurisdiction } from "../shared/regions.ts";
import { type TenantPatch, insertTenant, raiseNotBefore, updateTenant } from "./tenants.store.ts";
import type { TenantLimits, TenantPolicyPatch, TenantRow } from "./tenants.tables.ts";

/** A tenant that was registered; or why none was: the platform can't hold its cell to the jurisdiction. */
export type NewTenant =
  | { readonly kind: "registered"; readonly tenant: TenantRow }
  | { readonly kind: "jurisdiction-unavailable"; readonly jurisdiction: Jurisdiction };

/** Register a tenant and make its cell, where the tenant wants it: it never moves. */
export async function createTenant(
  services: Services,
  {
    jurisdiction,
    ...wish
  }: Pick<TenantRow, "name" | "parentId"> &
    TenantLimits &
    TenantPolicyPatch & { readonly jurisdiction?: Jurisdiction | undefined },
): Promise<NewTenant> {
  if (jurisdiction && !services.offersJurisdiction(jurisdiction)) {
    return { kind: "jurisdiction-unavailable", jurisdiction };
  }
  const createdAtMs = services.now();
  const id = newTenantId(createdAtMs, jurisdiction);
  const tenant = await insertTenant(id, services.db, { ...wish, status: "active", createdAtMs });
  await services.makeCell(id, tenant.locationHint);
  return { kind: "registered", tenant };
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
