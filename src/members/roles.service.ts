import { auditRow } from "../events/audit.rules.ts";
import type { Grant } from "../identity/permissions.rules.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { type RightsRefusal, refuseExcess } from "./members.rules.ts";
import { type CellServices, tellCellsOfRole } from "./members.service.ts";
import type { Author } from "./membership.service.ts";
import type { RoleRow } from "./members.tables.ts";
import { type RoleHolders, deleteRole, findRole, holdersOf, insertRole, updateRole } from "./roles.store.ts";

/** What became of a wish to make a role. */
export type RoleMaking =
  | { readonly kind: "made"; readonly role: RoleRow }
  | { readonly kind: "role-exists" }
  | { readonly kind: "too-many" }
  | RightsRefusal;

/** Make a role of the tenant's own, which allows nothing that its maker may not do. */
export async function makeRole(
  tenantId: TenantId,
  { db, now }: Pick<CellServices, "db" | "now">,
  wish: Pick<RoleRow, "name" | "description" | "grants">,
  by: Author,
): Promise<RoleMaking> {
  const refusal = refuseExcess(wish.grants, by.held);
  if (refusal) return refusal;
  const createdAtMs = now();
  const role = { ...wish, id: newId("rol", createdAtMs), createdAtMs };
  const audit = auditRow({ ...by, act: "role.created", tenantId, targetId: role.id, after: wish }, createdAtMs);
  if (await insertRole(tenantId, db, role, audit)) return { kind: "made", role: { ...role, tenantId } };
  return { kind: (await findRole(tenantId, db, wish.name)) ? "role-exists" : "too-many" };
}

/** What became of a wish to change a role. */
export type RoleChanging =
  | { readonly kind: "changed"; readonly role: RoleRow }
  | { readonly kind: "role-not-found" }
  | { readonly kind: "changed-meanwhile" }
  | RightsRefusal;

/**
 * Change what a role of the tenant's own allows. When the call returns, what its holders hold of before is refused.
 *
 * Who changes it must hold what it allows and what it will. May be repeated. Another description voids nothing.
 */
export async function changeRole(
  tenantId: TenantId,
  services: CellServices,
  { name, ...wish }: Pick<RoleRow, "name"> & { description?: string | undefined; grants?: Grant[] | undefined },
  by: Author,
): Promise<RoleChanging> {
  const role = await findRole(tenantId, services.db, name);
  if (!role) return { kind: "role-not-found" };
  const before = { description: role.description, grants: role.grants };
  const after = { description: wish.description ?? role.description, grants: wish.grants ?? role.grants };
  const refusal = refuseExcess([...before.grants, ...after.grants], by.held);
  if (refusal) return refusal;
  const tell = async (): Promise<void> => {
    if (wish.grants) await tellCellsOfRole(services, tenantId, name);
  };
  await tell();
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    const audit = auditRow({ ...by, act: "role.changed", tenantId, targetId: role.id, before, after }, services.now());
    if (!(await updateRole(tenantId, services.db, role, after, audit))) return { kind: "changed-meanwhile" };
  }
  await tell();
  return { kind: "changed", role: { ...role, ...after } };
}

/** What became of a wish to delete a role. */
export type RoleDeletion =
  | { readonly kind: "deleted" }
  | { readonly kind: "role-not-found" }
  | { readonly kind: "role-in-use"; readonly holders: RoleHolders }
  | RightsRefusal;

/** Delete a role of the tenant's own that nobody has. */
export async function removeRole(
  tenantId: TenantId,
  { db, now }: Pick<CellServices, "db" | "now">,
  name: string,
  by: Author,
): Promise<RoleDeletion> {
  const role = await findRole(tenantId, db, name);
  if (!role) return { kind: "role-not-found" };
  const refusal = refuseExcess(role.grants, by.held);
  if (refusal) return refusal;
  const before = { name, grants: role.grants };
  const audit = auditRow({ ...by, act: "role.deleted", tenantId, targetId: role.id, before }, now());
  if (await deleteRole(tenantId, db, role, audit)) return { kind: "deleted" };
  return { kind: "role-in-use", holders: await holdersOf(tenantId, db, name) };
}
