import { type Doer, auditRow } from "../events/audit.rules.ts";
import { holds } from "../identity/permissions.rules.ts";
import type { Database } from "../shared/database.ts";
import { type TenantId, type UserId, newTenantId } from "../shared/ids.ts";
import type { Jurisdiction, LocationHint } from "../shared/regions.ts";
import type { TenantLimits, TenantRow } from "../tenants/tenants.tables.ts";
import { hasRoomBelow } from "./hierarchy.store.ts";
import { type CellServices, membershipOf } from "./members.service.ts";
import { type OwnOrganization, insertOrganization, organizationsOf, updateName } from "./organizations.store.ts";

/** What making an organisation takes. */
export interface OrganizationServices extends CellServices {
  readonly makeCell: (tenantId: TenantId, locationHint: LocationHint | null) => Promise<void>;
  readonly offersJurisdiction: (jurisdiction: Jurisdiction) => boolean;
}

/** What a person may say of an organisation that they make. */
export interface OrganizationWish extends TenantLimits {
  readonly name: string;
  readonly locationHint?: LocationHint | undefined;
  readonly jurisdiction?: Jurisdiction | undefined;
  readonly parentId?: TenantId | undefined;
}

/** What became of a wish to make an organisation. `parent-not-found`: there is none, or the person may not change it. */
export type Founding =
  | { readonly kind: "founded"; readonly tenant: TenantRow }
  | { readonly kind: "jurisdiction-unavailable"; readonly jurisdiction: Jurisdiction }
  | { readonly kind: "parent-not-found" }
  | { readonly kind: "no-place" };

/**
 * Make an organisation, which is a tenant, with a person as its owner.
 *
 * The tenant and its owner are one batch in D1, so there is none that nobody owns. The cell comes after it: where making it fails, the
 * first request makes it, though maybe not where it was wanted.
 */
export async function foundOrganization(
  services: OrganizationServices,
  { name, locationHint, jurisdiction, parentId, ...limits }: OrganizationWish,
  userId: UserId,
  by: Doer,
): Promise<Founding> {
  const { db } = services;
  if (jurisdiction && !services.offersJurisdiction(jurisdiction)) {
    return { kind: "jurisdiction-unavailable", jurisdiction };
  }
  if (parentId) {
    const membership = await membershipOf(parentId, db, userId);
    if (!membership || !holds(membership.grants, "organization:write")) return { kind: "parent-not-found" };
    if (!(await hasRoomBelow(parentId, db))) return { kind: "no-place" };
  }
  const createdAtMs = services.now();
  const id = newTenantId(createdAtMs, jurisdiction);
  const after = { name, ...(parentId && { parent_id: parentId }) };
  const audit = auditRow({ ...by, act: "organization.created", tenantId: id, targetId: id, after }, createdAtMs);
  const row = { ...limits, name, locationHint, parentId, plan: "free", status: "active", createdAtMs } as const;
  const tenant = await insertOrganization(id, db, row, { userId, audit });
  await services.makeCell(id, tenant.locationHint);
  return { kind: "founded", tenant };
}

/** Name an organisation otherwise; undefined where there is none. */
export async function renameOrganization(
  tenantId: TenantId,
  { db, now }: Pick<CellServices, "db" | "now">,
  name: string,
  by: Doer,
): Promise<TenantRow | undefined> {
  const audit = auditRow({ ...by, act: "organization.changed", tenantId, targetId: tenantId, after: { name } }, now());
  return await updateName(tenantId, db, name, audit);
}

/** The organisations that a person is a member of. */
export async function listOwnOrganizations(db: Database, userId: UserId): Promise<OwnOrganization[]> {
  return await organizationsOf(db, userId);
}
