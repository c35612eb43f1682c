import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  GRANTS,
  type Grant,
  TENANT_GRANTS,
  cutDown,
  excessGrants,
  grantFrom,
  holds,
} from "../../src/identity/permissions.rules.ts";

const grants = fc.uniqueArray(fc.constantFrom(...GRANTS));

describe("a grant", () => {
  test("is held at its own reach and at nearer ones", () => {
    expect(holds(["keys:write"], "keys:write:own")).toBe(true);
    expect(holds(["keys:write"], "keys:write")).toBe(true);
    expect(holds(["keys:write:own"], "keys:write")).toBe(false);
    expect(holds(["audit:read:platform"], "audit:read")).toBe(true);
  });

  test("holds for its own resource and action alone", () => {
    expect(holds(["models:write"], "models:read")).toBe(false);
    expect(holds(["keys:read"], "models:read")).toBe(false);
    expect(holds([], "models:read")).toBe(false);
  });

  test.each(["", "models", "models:*", "*", "models:read:platform", "tenants:read", "MODELS:READ", "models:read "])(
    "is not %j",
    (text) => {
      expect(grantFrom(text)).toBeUndefined();
    },
  );

  test("of the platform is none that a tenant may give", () => {
    expect(TENANT_GRANTS.filter((grant) => grant.includes("platform"))).toEqual([]);
    expect(TENANT_GRANTS).toContain("keys:write:own");
  });
});

test("those that are in excess are the wanted ones that are not held, in the order in which they are wanted", () => {
  const wanted: Grant[] = ["keys:write", "models:infer", "usage:read"];
  expect(excessGrants(wanted, ["models:infer"])).toEqual(["keys:write", "usage:read"]);
  expect(excessGrants(["models:infer"], ["models:infer", "keys:write"])).toEqual([]);
  expect(excessGrants(["keys:write"], ["keys:write:own"])).toEqual(["keys:write"]);
  expect(excessGrants(["keys:write:own"], ["keys:write"])).toEqual([]);
});

describe("cutting down", () => {
  test("leaves each permission at the nearer of both reaches", () => {
    expect(cutDown(["keys:write:own", "models:read"], ["keys:write", "usage:read"])).toEqual(["keys:write:own"]);
    expect(cutDown(["keys:write", "models:read"], ["keys:write:own"])).toEqual(["keys:write:own"]);
  });

  test("adds nothing to either side, and leaves all that both have", () => {
    fc.assert(
      fc.property(grants, grants, fc.constantFrom(...GRANTS), (role, scope, needed) => {
        expect(holds(cutDown(role, scope), needed)).toBe(holds(role, needed) && holds(scope, needed));
      }),
    );
  });
});
