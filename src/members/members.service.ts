import type { Grant } from "../identity/permissions.rules.ts";
import { grantsOf, isBuiltInRole } from "../identity/roles.rules.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { findMember, grantsOfRoles, tenantsOfUser } from "./members.store.ts";

/** What a person is in a tenant. */
export interface Membership {
  readonly roles: readonly string[];
  /** What these allow, all together. */
  readonly grants: readonly Grant[];
}

/** The tenants whose tokens a person may hold. */
export async function tenantsOf(db: Database, userId: UserId): Promise<TenantId[]> {
  return await tenantsOfUser(db, userId);
}

/** What this person is in the tenant; undefined when they don't belong to it. */
export async function membershipOf(tenantId: TenantId, db: Database, userId: UserId): Promise<Membership | undefined> {
  const member = await findMember(tenantId, db, userId);
  if (!member) return undefined;
  const own = await grantsOfRoles(
    tenantId,
    db,
    member.roles.filter((name) => !isBuiltInRole(name)),
  );
  return { roles: member.roles, grants: grantsOf(member.roles, own) };
}
