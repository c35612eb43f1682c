import { describe, expect, test } from "vitest";
import { areSameRoles, refuseExcess, refuseUnknownRoles } from "../../src/members/members.rules.ts";
import { PLATFORM_ROLES, TENANT_ROLES } from "../../src/identity/roles.rules.ts";
import { PLATFORM_TENANT_ID, newId } from "../../src/shared/ids.ts";

const tenantId = newId("ten", 0);
const own = new Map([["runner", []]]);

describe("roles", () => {
  test("of tenants are known in tenants, those of the platform in its own tenant, and neither in the other", () => {
    expect(refuseUnknownRoles(tenantId, TENANT_ROLES, own)).toBeUndefined();
    expect(refuseUnknownRoles(PLATFORM_TENANT_ID, PLATFORM_ROLES, own)).toBeUndefined();
    const [there, here] = [PLATFORM_ROLES, TENANT_ROLES];
    expect(refuseUnknownRoles(tenantId, there, own)).toEqual({ kind: "unknown-roles", roles: there });
    expect(refuseUnknownRoles(PLATFORM_TENANT_ID, here, own)).toEqual({ kind: "unknown-roles", roles: here });
  });

  test("of a tenant's own are known when it has them, and never in the place of a built-in one", () => {
    expect(refuseUnknownRoles(tenantId, ["runner", "viewer"], own)).toBeUndefined();
    expect(refuseUnknownRoles(tenantId, ["viewer", "gone"], own)).toEqual({ kind: "unknown-roles", roles: ["gone"] });
    const named = new Map([["operator", []]]);
    expect(refuseUnknownRoles(tenantId, ["operator"], named)).toMatchObject({ kind: "unknown-roles" });
  });

  test("are the same in any order", () => {
    expect(areSameRoles(["a", "b"], ["b", "a"])).toBe(true);
    expect(areSameRoles(["a"], ["a", "b"])).toBe(false);
    expect(areSameRoles(["a"], ["b"])).toBe(false);
  });
});

describe("grants", () => {
  test("that the caller lacks are named once each; a nearer reach of what they hold is none of them", () => {
    expect(refuseExcess(["keys:write:own", "models:read"], ["keys:write", "models:read"])).toBeUndefined();
    expect(refuseExcess(["keys:write", "keys:write", "models:read"], ["keys:write:own"])).toEqual({
      kind: "excess",
      grants: ["keys:write", "models:read"],
    });
  });
});
