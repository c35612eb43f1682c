import type { EpochKind } from "../admission/credentials.rules.ts";
import { type Grant, holds } from "../identity/permissions.rules.ts";
import { grantsOf } from "../identity/roles.rules.ts";
import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { findParentAccess } from "./hierarchy.store.ts";
import { findMember, grantsOfRoles, membersWithRole, openChildren, tenantsOfUser } from "./members.store.ts";

/** What a person is in a tenant. */
export interface Membership {
  readonly roles: readonly string[];
  /** What these allow, all together. */
  readonly grants: readonly Grant[];
  /** The parent organisation that lets them in; absent for members of the tenant itself. */
  readonly via?: TenantId;
}

/** What telling cells of members takes. */
export interface CellServices {
  readonly db: Database;
  readonly now: Clock;
  readonly cell: (tenantId: TenantId) => {
    refuseBefore(kind: EpochKind, ids: string | readonly string[], notBeforeMs: number): Promise<void>;
    refresh(change: { readonly kind: "member"; readonly userId: UserId } | { readonly kind: "roles" }): Promise<void>;
  };
}

/** The tenants whose tokens a person may hold: those that they belong to, and the children of these that let their members in. */
export async function tenantsOf(db: Database, userId: UserId): Promise<TenantId[]> {
  const own = await tenantsOfUser(db, userId);
  const children = await Promise.all(own.map(async (tenantId) => await openChildren(tenantId, db)));
  return [...new Set([...own, ...children.flat()])];
}

/**
 * What this person is in the tenant; undefined when they don't belong to it.
 *
 * Who is no member may come from the parent organisation, if the tenant lets its members in: see {@link findParentAccess}.
 */
export async function membershipOf(tenantId: TenantId, db: Database, userId: UserId): Promise<Membership | undefined> {
  const member = await findMember(tenantId, db, userId);
  if (member) return { roles: member.roles, grants: await grantsIn(tenantId, db, member.roles) };
  const access = await findParentAccess(tenantId, db);
  const parentMember = access && (await findMember(access.parentId, db, userId));
  if (!parentMember) return undefined;
  const grantsThere = await grantsIn(access.parentId, db, parentMember.roles);
  if (!holds(grantsThere, "organization:read")) return undefined;
  const roles = [access.role];
  const grants = (await grantsIn(tenantId, db, roles)).filter((grant) => !LASTING.has(grant));
  return { roles, grants, via: access.parentId };
}

/** What is made with these outlives a token, and is for the tenant's own members to make. */
const LASTING: ReadonlySet<Grant> = new Set<Grant>([
  "keys:write",
  "keys:write:own",
  "clients:write",
  "clients:write:own",
]);

/** What these roles of a tenant allow, all together. */
async function grantsIn(tenantId: TenantId, db: Database, roles: readonly string[]): Promise<Grant[]> {
  return grantsOf(roles, await grantsOfRoles(tenantId, db, roles));
}

/**
 * Tell the tenant's cell, and those of the children that let its members in, that what a member may do has changed: from the moment at
 * which the call returns tokens of before are refused, and keys that the member made allow what is left. May be repeated.
 *
 * Whoever changes a membership calls it before and after the write: what is cut off half-way has voided too much rather than too
 * little, and no token that was read before the write outlives the call.
 */
export async function tellCell(services: CellServices, tenantId: TenantId, userId: UserId): Promise<void> {
  const nowMs = services.now();
  const cells = [tenantId, ...(await openChildren(tenantId, services.db))];
  await Promise.all(cells.map(async (id) => await services.cell(id).refuseBefore("user", userId, nowMs)));
  await services.cell(tenantId).refresh({ kind: "member", userId });
}

/** {@link tellCell} for everybody who has one of the tenant's roles, those who come from its parent included. */
export async function tellCellsOfRole(services: CellServices, tenantId: TenantId, role: string): Promise<void> {
  const { db } = services;
  const nowMs = services.now();
  const [holders, children, access] = await Promise.all([
    membersWithRole(tenantId, db, role),
    openChildren(tenantId, db),
    findParentAccess(tenantId, db),
  ]);
  const own = services.cell(tenantId);
  await Promise.all([
    own.refuseBefore("user", holders, nowMs),
    // What the role allows here decides whether its holders may come to the children.
    ...children.map(async (child) => await services.cell(child).refuseBefore("parent", tenantId, nowMs)),
    ...(access?.role === role ? [own.refuseBefore("parent", access.parentId, nowMs)] : []),
    own.refresh({ kind: "roles" }),
  ]);
}
