import { type Act, type Doer, auditRow } from "../events/audit.rules.ts";
import { changesBetween } from "../events/changes.rules.ts";
import type { Services } from "../services.ts";
import { toTimestamp } from "../shared/clock.ts";
import { type TenantId, newTenantId } from "../shared/ids.ts";
import type { Jurisdiction } from "../shared/regions.ts";
import { presentTenant } from "./tenants.schemas.ts";
import { type TenantPatch, findTenant, insertTenant, raiseNotBefore, updateTenant } from "./tenants.store.ts";
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
  by: Doer,
): Promise<NewTenant> {
  if (jurisdiction && !services.offersJurisdiction(jurisdiction)) {
    return { kind: "jurisdiction-unavailable", jurisdiction };
  }
  const createdAtMs = services.now();
  const id = newTenantId(createdAtMs, jurisdiction);
  const after = { name: wish.name, ...(wish.plan && { plan: wish.plan }), ...(jurisdiction && { jurisdiction }) };
  const audit = auditRow({ ...by, act: "organization.created", tenantId: id, targetId: id, after }, createdAtMs);
  const tenant = await insertTenant(id, services.db, { ...wish, status: "active", createdAtMs }, audit);
  await services.makeCell(id, tenant.locationHint);
  return { kind: "registered", tenant };
}

/** Change a tenant. When the call returns, its next request meets the new status and limits. */
export async function changeTenant(
  tenantId: TenantId,
  services: Services,
  patch: TenantPatch,
  by: Doer,
): Promise<TenantRow | undefined> {
  const known = await findTenant(tenantId, services.db);
  if (!known) return undefined;
  const changes = changesBetween(presentTenant(known), presentTenant({ ...known, ...definedOf(patch) }));
  const act = actOf(known.status, patch.status ?? known.status);
  const audit = auditRow({ ...by, act, tenantId, targetId: tenantId, ...changes }, services.now());
  const tenant = await updateTenant(tenantId, services.db, patch, audit);
  if (tenant) await services.refresh(tenantId, { kind: "tenant" });
  return tenant;
}

/** What a change is called: one of the status by what it does, whatever else changes with it. */
function actOf(before: TenantRow["status"], after: TenantRow["status"]): Act {
  if (before === after) return "organization.changed";
  return after === "suspended" ? "organization.suspended" : "organization.reinstated";
}

/** A patch as SQL takes it: what is undefined stays. */
function definedOf(patch: TenantPatch): Partial<TenantRow> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

/**
 * Void all credentials that the tenant has: its keys and tokens. When the call returns, they are refused, and those that are made
 * from now on hold.
 *
 * Should telling the cell fail, the caller gets a fault and does it again.
 */
export async function voidCredentials(
  tenantId: TenantId,
  services: Services,
  by: Doer,
): Promise<TenantRow | undefined> {
  const known = await findTenant(tenantId, services.db);
  if (!known) return undefined;
  const nowMs = services.now();
  const change = {
    act: "organization.credentials_voided",
    before: { not_before: toTimestamp(known.notBeforeMs) },
    after: { not_before: toTimestamp(Math.max(known.notBeforeMs, nowMs)) },
  } as const;
  const audit = auditRow({ ...by, ...change, tenantId, targetId: tenantId }, nowMs);
  const tenant = await raiseNotBefore(tenantId, services.db, nowMs, audit);
  if (tenant) await services.refresh(tenantId, { kind: "tenant" });
  return tenant;
}
