import { type Doer, auditRow } from "../events/audit.rules.ts";
import { grantsOf } from "../identity/roles.rules.ts";
import type { TenantId } from "../shared/ids.ts";
import { findOrganization } from "./organizations.store.ts";
import { findChild, findParentAccess, hasRoomBelow, updateParent, updateParentAccess } from "./hierarchy.store.ts";
import type { Author } from "./membership.service.ts";
import { OWNER, type RightsRefusal, refuseExcess, refuseUnknownRoles } from "./members.rules.ts";
import type { CellServices } from "./members.service.ts";
import { grantsOfRoles } from "./members.store.ts";

/** What became of a wish to put a tenant below another. */
export type Placing =
  | { readonly kind: "placed" }
  | { readonly kind: "tenant-not-found" }
  | { readonly kind: "no-place" };

/**
 * Put a tenant below another, or below none. When the call returns, whoever came from the former parent is refused.
 *
 * May be repeated.
 */
export async function placeBelow(
  tenantId: TenantId,
  services: CellServices,
  parentId: TenantId | null,
  by: Doer,
): Promise<Placing> {
  const { db } = services;
  const tenant = await findOrganization(tenantId, db);
  if (!tenant) return { kind: "tenant-not-found" };
  if (tenant.parentId !== parentId) {
    const change = { before: { parent_id: tenant.parentId }, after: { parent_id: parentId } };
    const audit = auditRow(
      { ...by, act: "organization.changed", tenantId, targetId: tenantId, ...change },
      services.now(),
    );
    await refuseParents(services, tenantId, tenant.parentId);
    if (!(await updateParent(tenantId, db, parentId, audit))) return { kind: "no-place" };
  }
  await refuseParents(services, tenantId, tenant.parentId);
  return { kind: "placed" };
}

/** What became of a wish to let the parent's members in, or to shut them out. */
export type Opening = { readonly kind: "set" } | { readonly kind: "no-parent" } | RightsRefusal;

/**
 * Say which role the members of the parent organisation have in the tenant; null: none. When the call returns, what they hold of
 * before is refused. May be repeated.
 *
 * Never the owner's: the parent can't take the tenant over.
 */
export async function openToParent(
  tenantId: TenantId,
  services: CellServices,
  role: string | null,
  by: Author,
): Promise<Opening> {
  const { db } = services;
  const tenant = await findOrganization(tenantId, db);
  if (!tenant?.parentId) return { kind: "no-parent" };
  const roles = [tenant.parentAccessRole, role].filter((name) => name !== null);
  const own = await grantsOfRoles(tenantId, db, roles);
  const refusal =
    (role === OWNER ? ({ kind: "unknown-roles", roles: [OWNER] } as const) : undefined) ??
    refuseUnknownRoles(tenantId, role === null ? [] : [role], own) ??
    refuseExcess(grantsOf(roles, own), by.held);
  if (refusal) return refusal;
  await refuseParents(services, tenantId, tenant.parentId);
  if (tenant.parentAccessRole !== role) {
    const change = { before: { parent_access: tenant.parentAccessRole }, after: { parent_access: role } };
    const audit = auditRow(
      { ...by, act: "organization.changed", tenantId, targetId: tenantId, ...change },
      services.now(),
    );
    if (!(await updateParentAccess(tenantId, db, role, audit))) return { kind: "no-parent" };
  }
  await refuseParents(services, tenantId, tenant.parentId);
  return { kind: "set" };
}

/** The role that the parent's members have in the tenant; null: none. */
export async function parentAccessOf(tenantId: TenantId, { db }: Pick<CellServices, "db">): Promise<string | null> {
  return (await findParentAccess(tenantId, db))?.role ?? null;
}

/** Tell the tenant's cell that tokens of those who come from this parent are void. */
async function refuseParents(services: CellServices, tenantId: TenantId, parentId: TenantId | null): Promise<void> {
  if (parentId === null) return;
  await services.cell(tenantId).refuseBefore("parent", parentId, services.now());
}

/** Whether a tenant is directly below another. */
export async function isChildOf(
  tenantId: TenantId,
  { db }: Pick<CellServices, "db">,
  childId: TenantId,
): Promise<boolean> {
  return (await findChild(tenantId, db, childId)) !== undefined;
}

/** Whether a new tenant may be put below this one. */
export async function hasPlaceBelow(tenantId: TenantId, { db }: Pick<CellServices, "db">): Promise<boolean> {
  return await hasRoomBelow(tenantId, db);
}
