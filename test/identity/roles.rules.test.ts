import { describe, expect, test } from "vitest";
import { type Grant, TENANT_PERMISSIONS, excessGrants, holds } from "../../src/identity/permissions.rules.ts";
import { PLATFORM_ROLES, ROLE_GRANTS, TENANT_ROLES, grantsOf } from "../../src/identity/roles.rules.ts";

describe("the built-in roles", () => {
  test("the owner may do all that there is to do in a tenant", () => {
    expect(ROLE_GRANTS.owner).toEqual(TENANT_PERMISSIONS);
  });

  test("the admin may do all but delete the organisation and spend its money", () => {
    expect(excessGrants(ROLE_GRANTS.owner, ROLE_GRANTS.admin)).toEqual(["organization:delete", "billing:write"]);
  });

  test("the developer has keys of their own alone", () => {
    expect(holds(ROLE_GRANTS.developer, "keys:write:own")).toBe(true);
    expect(holds(ROLE_GRANTS.developer, "keys:write")).toBe(false);
    expect(holds(ROLE_GRANTS.developer, "members:write")).toBe(false);
  });

  test("the viewer and support change nothing", () => {
    for (const role of ["viewer", "support"] as const) {
      expect(ROLE_GRANTS[role].filter((grant) => !/^[a-z-]+:read(:platform)?$/.test(grant))).toEqual([]);
    }
  });

  test("no tenant's role reaches the platform, and no platform's role into a tenant", () => {
    const isPlatforms = (grant: Grant): boolean => grant.endsWith(":platform");
    for (const role of TENANT_ROLES) expect(ROLE_GRANTS[role].some(isPlatforms)).toBe(false);
    for (const role of PLATFORM_ROLES) expect(ROLE_GRANTS[role].every(isPlatforms)).toBe(true);
  });
});

describe("what a member may do", () => {
  const own = new Map<string, Grant[]>([
    ["auditor", ["audit:read"]],
    ["viewer", ["organization:delete"]],
  ]);

  test("is what all of their roles allow, each at its furthest reach", () => {
    expect(grantsOf(["developer", "auditor"], own)).toEqual([...ROLE_GRANTS.developer, "audit:read"]);
    expect(grantsOf(["developer", "admin"], own)).not.toContain("keys:write:own");
  });

  test("is nothing for a role that there is not", () => {
    expect(grantsOf(["root", "", "constructor"], own)).toEqual([]);
  });

  test("does not change when a tenant calls a role of its own as a built-in one", () => {
    expect(grantsOf(["viewer"], own)).toEqual(ROLE_GRANTS.viewer);
  });
});
