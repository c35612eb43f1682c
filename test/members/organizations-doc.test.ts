import { expect, test } from "vitest";
import page from "../../docs/organizations.md";
import { TENANT_PERMISSIONS } from "../../src/identity/permissions.rules.ts";
import { ROLE_GRANTS, TENANT_ROLES } from "../../src/identity/roles.rules.ts";

const rows = page
  .split("\n")
  .filter((line) => /^\| (permission|`[a-z]+:[a-z]+`) /.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));

test("docs/organizations.md says of every permission which built-in roles have it", () => {
  const expected = TENANT_PERMISSIONS.map((permission) => {
    const cells = TENANT_ROLES.map((role) => {
      const grants: readonly string[] = ROLE_GRANTS[role];
      if (grants.includes(permission)) return "yes";
      return grants.includes(`${permission}:own`) ? "own" : "";
    });
    return ["", permission, ...cells, ""];
  });
  expect(rows).toEqual([["", "permission", ...TENANT_ROLES, ""], ...expected]);
});
