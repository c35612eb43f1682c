/** What there is to do in a tenant, as `resource:action`. */
export const TENANT_PERMISSIONS = [
  "models:read",
  "models:write",
  "models:infer",
  "usage:read",
  "keys:read",
  "keys:write",
  "members:read",
  "members:write",
  "roles:read",
  "roles:write",
  "clients:read",
  "clients:write",
  "organization:read",
  "organization:write",
  "organization:delete",
  "billing:read",
  "billing:write",
  "audit:read",
] as const;

/** What there is to do on the platform: these are held by its own people, and at no other reach. */
export const PLATFORM_PERMISSIONS = [
  "tenants:read",
  "tenants:write",
  "credits:write",
  "fleet:read",
  "people:read",
  "people:write",
  "signing-keys:write",
  "audit:read",
] as const;

type TenantPermission = (typeof TENANT_PERMISSIONS)[number];

/** How far a permission reaches: over what the caller made, over all that is the tenant's, or over all tenants. */
export const REACHES = ["own", "tenant", "platform"] as const;
export type Reach = (typeof REACHES)[number];

/** A permission with its reach, as roles, keys and tokens hold it: `keys:write` is all of the tenant's, `keys:write:own` one's own. */
export type Grant = TenantPermission | `${TenantPermission}:own` | `${(typeof PLATFORM_PERMISSIONS)[number]}:platform`;

/** Permissions that may be held for one's own things alone. */
const OWNABLE = ["keys:read", "keys:write", "clients:read", "clients:write"] as const satisfies TenantPermission[];

/** Every grant that there is: what is not listed here can't be asked for, held or given. */
export const GRANTS: readonly Grant[] = [
  ...TENANT_PERMISSIONS,
  ...OWNABLE.map((permission) => `${permission}:own` as const),
  ...PLATFORM_PERMISSIONS.map((permission) => `${permission}:platform` as const),
];

/** What tenants may give to keys, clients and roles of their own. */
export const TENANT_GRANTS = GRANTS.filter((grant) => !grant.endsWith(":platform"));

const RANK: Readonly<Record<Reach, number>> = { own: 0, tenant: 1, platform: 2 };

interface Parts {
  readonly permission: string;
  readonly reach: Reach;
}

const parsed = new Map<Grant, Parts>(GRANTS.map((grant) => [grant, partsOf(grant)]));

function partsOf(grant: Grant): Parts {
  const [resource = "", action = "", reach = "tenant"] = grant.split(":");
  return { permission: `${resource}:${action}`, reach: REACHES.find((known) => known === reach) ?? "own" };
}

/** The grant that this text is; undefined when it is none: what is unknown allows nothing. */
export function grantFrom(text: string): Grant | undefined {
  return GRANTS.find((grant) => grant === text);
}

/** Whether what is needed is held: the same permission, at that reach or a further one. */
export function holds(held: readonly Grant[], needed: Grant): boolean {
  return held.includes(needed) || held.some((grant) => covers(grant, needed));
}

function covers(held: Grant, needed: Grant): boolean {
  const [own, asked] = [parsed.get(held), parsed.get(needed)];
  if (!own || !asked) return false;
  return own.permission === asked.permission && RANK[own.reach] >= RANK[asked.reach];
}

/** What of these grants is not covered by those that are held: nobody gives what they don't have. */
export function excessGrants(wanted: readonly Grant[], held: readonly Grant[]): Grant[] {
  return wanted.filter((grant) => !holds(held, grant));
}

/** What two sets of grants have in common, each permission at its nearer reach: a scope cuts a role down and never adds to it. */
export function cutDown(held: readonly Grant[], scope: readonly Grant[]): Grant[] {
  return [...new Set([...held.filter((grant) => holds(scope, grant)), ...scope.filter((grant) => holds(held, grant))])];
}
