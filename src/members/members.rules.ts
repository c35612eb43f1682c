import { type Grant, excessGrants } from "../identity/permissions.rules.ts";
import { PLATFORM_ROLES, TENANT_ROLES, isBuiltInRole } from "../identity/roles.rules.ts";
import { PLATFORM_TENANT_ID, type TenantId } from "../shared/ids.ts";

/** The role without which nobody could give anybody anything: one member always has it, once one had. */
export const OWNER = "owner";

/** Members and open invitations of a tenant, all together: each of them may have to be told to its cell at once. */
export const MOST_MEMBERS = 500;
/** Roles of a tenant's own. */
export const MOST_ROLES = 100;
/** Teams of a tenant. */
export const MOST_TEAMS = 200;

/** Why somebody may not do something to a member, a role or an invitation. */
export type RightsRefusal =
  | { readonly kind: "unknown-roles"; readonly roles: readonly string[] }
  /** What it would take, and the caller doesn't hold: nobody gives or takes away what they don't have. */
  | { readonly kind: "excess"; readonly grants: readonly Grant[] };

/** The built-in roles that there are in a tenant: the platform's in its own tenant alone, and the others in all others. */
export function builtInRolesOf(tenantId: TenantId): readonly string[] {
  return tenantId === PLATFORM_TENANT_ID ? PLATFORM_ROLES : TENANT_ROLES;
}

/** Refuse roles that the tenant doesn't have. @param own  names of the tenant's own roles */
export function refuseUnknownRoles(
  tenantId: TenantId,
  names: readonly string[],
  own: ReadonlyMap<string, unknown>,
): RightsRefusal | undefined {
  const builtIn = builtInRolesOf(tenantId);
  const isKnown = (name: string): boolean => (isBuiltInRole(name) ? builtIn.includes(name) : own.has(name));
  const unknown = names.filter((name) => !isKnown(name));
  return unknown.length > 0 ? { kind: "unknown-roles", roles: unknown } : undefined;
}

/** Refuse to deal with grants that the caller doesn't hold. @param grants  those that are given, and those that are taken away */
export function refuseExcess(grants: readonly Grant[], held: readonly Grant[]): RightsRefusal | undefined {
  const excess = [...new Set(excessGrants(grants, held))];
  return excess.length > 0 ? { kind: "excess", grants: excess } : undefined;
}

/** Whether two lists hold the same names, in whichever order. */
export function areSameRoles(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
