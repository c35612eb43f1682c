import { type Doer, auditRow } from "../events/audit.rules.ts";
import type { Grant } from "../identity/permissions.rules.ts";
import { grantsOf } from "../identity/roles.rules.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { OWNER, type RightsRefusal, areSameRoles, refuseExcess, refuseUnknownRoles } from "./members.rules.ts";
import { type CellServices, tellCell } from "./members.service.ts";
import {
  type NamedMember,
  deleteMember,
  findMember,
  findNamedMember,
  grantsOfRoles,
  updateRoles,
} from "./members.store.ts";
import type { MemberRow } from "./members.tables.ts";

/** Who changes something in a tenant, and what they hold there. */
export interface Author extends Doer {
  readonly held: readonly Grant[];
}

/** Why a membership stays as it is. */
export type MembershipRefusal =
  | RightsRefusal
  | { readonly kind: "member-not-found" }
  | { readonly kind: "last-owner" }
  /** Somebody else changed it at the same time: what was judged is no more. */
  | { readonly kind: "changed-meanwhile" };

/** What became of a wish to change a member's roles. */
export type RoleChange = { readonly kind: "changed"; readonly member: NamedMember } | MembershipRefusal;

/**
 * Give a member other roles. When the call returns, what they hold of before is refused.
 *
 * May be repeated: should telling a cell fail, the caller gets a fault and does it again.
 */
export async function changeRoles(
  tenantId: TenantId,
  services: CellServices,
  { userId, roles: wanted }: Pick<MemberRow, "userId" | "roles">,
  by: Author,
): Promise<RoleChange> {
  const { db } = services;
  const member = await findMember(tenantId, db, userId);
  if (!member) return await notThere(tenantId, services, userId);
  const own = await grantsOfRoles(tenantId, db, [...member.roles, ...wanted]);
  const refusal =
    refuseUnknownRoles(tenantId, wanted, own) ??
    refuseExcess([...grantsOf(member.roles, own), ...grantsOf(wanted, own)], by.held);
  if (refusal) return refusal;
  await tellCell(services, tenantId, userId);
  if (!areSameRoles(member.roles, wanted)) {
    const change = { before: { roles: member.roles }, after: { roles: wanted } };
    const audit = auditRow(
      { ...by, act: "member.roles_changed", tenantId, targetId: userId, ...change },
      services.now(),
    );
    const isDone = await updateRoles(tenantId, db, member, wanted, audit);
    if (!isDone) return await whyNot(tenantId, services, member, wanted);
  }
  await tellCell(services, tenantId, userId);
  const changed = await findNamedMember(tenantId, db, userId);
  return changed ? { kind: "changed", member: changed } : { kind: "changed-meanwhile" };
}

/** What became of a wish to remove a member. */
export type Removal = { readonly kind: "removed" } | MembershipRefusal;

/**
 * Remove a member. When the call returns, what they hold is refused, in the tenant and in its children.
 *
 * May be repeated: of somebody who is no member, the cell is told all the same, since the call before may have failed half-way.
 */
export async function removeMember(
  tenantId: TenantId,
  services: CellServices,
  userId: UserId,
  by: Author,
): Promise<Removal> {
  const member = await findMember(tenantId, services.db, userId);
  if (!member) return await notThere(tenantId, services, userId);
  const own = await grantsOfRoles(tenantId, services.db, member.roles);
  const refusal = refuseExcess(grantsOf(member.roles, own), by.held);
  return refusal ?? (await remove(tenantId, services, member, by));
}

/** {@link removeMember} of oneself, which takes no permission. */
export async function leave(tenantId: TenantId, services: CellServices, userId: UserId, by: Doer): Promise<Removal> {
  const member = await findMember(tenantId, services.db, userId);
  if (!member) return await notThere(tenantId, services, userId);
  return await remove(tenantId, services, member, by);
}

async function remove(tenantId: TenantId, services: CellServices, member: MemberRow, by: Doer): Promise<Removal> {
  const { userId, roles } = member;
  await tellCell(services, tenantId, userId);
  const audit = auditRow(
    { ...by, act: "member.removed", tenantId, targetId: userId, before: { roles } },
    services.now(),
  );
  if (!(await deleteMember(tenantId, services.db, member, audit))) return await whyNot(tenantId, services, member, []);
  await tellCell(services, tenantId, userId);
  return { kind: "removed" };
}

async function notThere(
  tenantId: TenantId,
  services: CellServices,
  userId: UserId,
): Promise<{ readonly kind: "member-not-found" }> {
  await tellCell(services, tenantId, userId);
  return { kind: "member-not-found" };
}

/** Why the statement held back, from what is there now. */
async function whyNot(
  tenantId: TenantId,
  { db }: CellServices,
  judged: MemberRow,
  wanted: readonly string[],
): Promise<MembershipRefusal> {
  const member = await findMember(tenantId, db, judged.userId);
  if (!member) return { kind: "member-not-found" };
  const isAsJudged = areSameRoles(member.roles, judged.roles);
  const own = await grantsOfRoles(tenantId, db, wanted);
  const refusal = refuseUnknownRoles(tenantId, wanted, own);
  if (refusal) return refusal;
  const gaveUpOwner = member.roles.includes(OWNER) && !wanted.includes(OWNER);
  return { kind: isAsJudged && gaveUpOwner ? "last-owner" : "changed-meanwhile" };
}
