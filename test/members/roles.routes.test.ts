import { describe, expect, test } from "vitest";
import { TENANT_ROLES } from "../../src/identity/roles.rules.ts";
import { addMember, callerIn, newOrganization, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

const ROLE = { name: "runner", description: "Runs models", grants: ["models:read", "models:infer"] };

describe("a tenant's own role", () => {
  test("is listed after the built-in ones, in pages", async () => {
    const tenant = await newTenant();
    for (const name of ["b-role", "a-role"]) {
      expect((await tenant.call("POST", "/v1/roles", { json: { ...ROLE, name } })).status).toBe(201);
    }
    const names: string[] = [];
    let path = "/v1/roles?limit=3";
    for (let page = 0; page < 3; page++) {
      const { data, next }: { data: { name: string; built_in: boolean }[]; next: string | null } = await (
        await tenant.call("GET", path)
      ).json();
      names.push(...data.map(({ name, built_in: isBuiltIn }) => (isBuiltIn ? name : `own ${name}`)));
      path = `/v1/roles?limit=3&after=${next ?? ""}`;
    }
    expect(names).toEqual([...TENANT_ROLES, "own a-role", "own b-role"]);
  });

  test("has a name of its own: neither a built-in one nor one that is taken", async () => {
    const tenant = await newTenant();
    for (const name of ["owner", "operator", "Runner", "", "a b", "x".repeat(51)]) {
      const refused = await tenant.call("POST", "/v1/roles", { json: { ...ROLE, name } });
      expect((await expectProblem(refused, 400, "invalid-request")).detail).toMatch(/^name: /);
    }
    expect((await tenant.call("POST", "/v1/roles", { json: ROLE })).status).toBe(201);
    await expectProblem(await tenant.call("POST", "/v1/roles", { json: ROLE }), 409, "role-exists");
  });

  test("allows nothing that its maker may not do, and nothing of the platform", async () => {
    const tenant = await newTenant({ scopes: ["roles:write", "models:read"] });
    const excess = await tenant.call("POST", "/v1/roles", { json: ROLE });
    expect(await expectProblem(excess, 403, "insufficient-scope")).toMatchObject({ required: ["models:infer"] });
    const platform = { ...ROLE, grants: ["tenants:read:platform"] };
    await expectProblem(await tenant.call("POST", "/v1/roles", { json: platform }), 400, "invalid-request");
  });

  test("is changed and deleted only by who may do what it allows, before and after", async () => {
    const owner = await newPerson();
    const tenantId = await newOrganization(owner);
    const asOwner = await callerIn(owner, tenantId);
    await asOwner("POST", "/v1/roles", { ...ROLE, grants: ["billing:write"] });
    const admin = await newPerson();
    await addMember(tenantId, admin, "admin");
    const asAdmin = await callerIn(admin, tenantId);
    for (const grants of [["models:read"], ["billing:write"]]) {
      await expectProblem(await asAdmin("PATCH", "/v1/roles/runner", { grants }), 403, "insufficient-scope");
    }
    await expectProblem(await asAdmin("DELETE", "/v1/roles/runner"), 403, "insufficient-scope");
    await asOwner("PATCH", "/v1/roles/runner", { grants: ["models:read"] });
    await expectProblem(
      await asAdmin("PATCH", "/v1/roles/runner", { grants: ["organization:delete"] }),
      403,
      "insufficient-scope",
    );
    expect((await asAdmin("PATCH", "/v1/roles/runner", { description: "" })).status).toBe(200);
  });

  test("allows its holders from the next token on what it says now, and their tokens of before nothing", async () => {
    const [owner, holder] = [await newPerson(), await newPerson()];
    const tenantId = await newOrganization(owner);
    const asOwner = await callerIn(owner, tenantId);
    await asOwner("POST", "/v1/roles", { ...ROLE, grants: ["models:read", "members:read"] });
    await addMember(tenantId, holder, "runner");
    const before = await callerIn(holder, tenantId);
    expect((await asOwner("PATCH", "/v1/roles/runner", { description: "Reads" })).status).toBe(200);
    expect((await before("GET", "/v1/members")).status).toBe(200);
    expect((await asOwner("PATCH", "/v1/roles/runner", { grants: ["models:read"] })).status).toBe(200);
    await expectProblem(await before("GET", "/v1/members"), 401, "credential-void");
    const after = await callerIn(holder, tenantId);
    await expectProblem(await after("GET", "/v1/members"), 403, "insufficient-scope");
    expect((await after("GET", "/v1/models")).status).toBe(200);
    expect((await asOwner("GET", "/v1/members")).status).toBe(200);
  });

  test("is not deleted while somebody has it or was promised it, and says who", async () => {
    const [owner, holder] = [await newPerson(), await newPerson()];
    const tenantId = await newOrganization(owner);
    const asOwner = await callerIn(owner, tenantId);
    await asOwner("POST", "/v1/roles", ROLE);
    await addMember(tenantId, holder, "viewer", "runner");
    const email = `${crypto.randomUUID()}@example.com`;
    const invited: { id: string } = await (
      await asOwner("POST", "/v1/invitations", { email, roles: ["runner"] })
    ).json();
    const inUse = { members: [holder.id], invited: [email], parent_access: false };
    expect(await expectProblem(await asOwner("DELETE", "/v1/roles/runner"), 409, "role-in-use")).toMatchObject(inUse);
    await asOwner("PATCH", `/v1/members/${holder.id}`, { roles: ["viewer"] });
    await expectProblem(await asOwner("DELETE", "/v1/roles/runner"), 409, "role-in-use");
    await asOwner("DELETE", `/v1/invitations/${invited.id}`);
    expect((await asOwner("DELETE", "/v1/roles/runner")).status).toBe(204);
    await expectProblem(await asOwner("DELETE", "/v1/roles/runner"), 404, "role-not-found");
  });
});

test("a built-in role is neither changed nor deleted", async () => {
  const tenant = await newTenant();
  const changed = await tenant.call("PATCH", "/v1/roles/viewer", { json: { grants: ["models:write"] } });
  expect((await expectProblem(changed, 404, "role-not-found")).detail).toContain("built in");
  await expectProblem(await tenant.call("DELETE", "/v1/roles/viewer"), 404, "role-not-found");
});
