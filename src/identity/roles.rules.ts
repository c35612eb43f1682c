import { type Grant, PLATFORM_PERMISSIONS, TENANT_PERMISSIONS, holds } from "./permissions.rules.ts";

/** The roles that every tenant has. */
export const TENANT_ROLES = ["owner", "admin", "developer", "billing", "viewer"] as const;
/** The roles of the platform's own people. */
export const PLATFORM_ROLES = ["operator", "support"] as const;

export type TenantRole = (typeof TENANT_ROLES)[number];
export type BuiltInRole = TenantRole | (typeof PLATFORM_ROLES)[number];

const READS = ["models:read", "usage:read", "members:read", "roles:read", "organization:read"] as const;
/** What is the owner's alone. */
const OWNERS_ONLY: ReadonlySet<Grant> = new Set<Grant>(["organization:delete", "billing:write"]);

/** What each role allows. Beside these a tenant may have roles of its own. */
export const ROLE_GRANTS: Readonly<Record<BuiltInRole, readonly Grant[]>> = {
  owner: TENANT_PERMISSIONS,
  admin: TENANT_PERMISSIONS.filter((permission) => !OWNERS_ONLY.has(permission)),
  developer: [...READS, "models:write", "models:infer", "keys:read:own", "keys:write:own"],
  billing: ["usage:read", "organization:read", "billing:read", "billing:write"],
  viewer: READS,
  operator: PLATFORM_PERMISSIONS.map((permission) => `${permission}:platform` as const),
  support: ["tenants:read:platform", "fleet:read:platform", "people:read:platform", "audit:read:platform"],
};

/** Whether every tenant, or the platform, has a role of this name. */
export function isBuiltInRole(name: string): name is BuiltInRole {
  return [...TENANT_ROLES, ...PLATFORM_ROLES].some((role) => role === name);
}

/**
 * What a member with these roles may do, all together. A role that there is not allows nothing.
 *
 * @param own  the tenant's own roles, by name; none takes the place of one that is built in
 */
export function grantsOf(roles: readonly string[], own: ReadonlyMap<string, readonly Grant[]>): Grant[] {
  const all = roles.flatMap((name) => (isBuiltInRole(name) ? ROLE_GRANTS[name] : (own.get(name) ?? [])));
  const distinct = [...new Set(all)];
  return distinct.filter(
    (grant) =>
      !holds(
        distinct.filter((other) => other !== grant),
        grant,
      ),
  );
}
