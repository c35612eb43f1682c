import { decodeJwt, decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { PLATFORM_TENANT_ID } from "../../src/shared/ids.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

test("a member's token runs the tenant's models, as far as the roles allow", async () => {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  await deploy(tenant, "m");
  await addMember(tenant.id, ada, "developer");
  const token = await tokenOf(ada, tenant.id);
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: "EdDSA", typ: "at+jwt" });
  expect(decodeJwt(token)).toMatchObject({ sub: ada.id, tid: tenant.id, roles: ["developer"] });
  const ran = await call("POST", "/v2/models/m/infer", { ...bearer(token), json: addOneRequest });
  expect(ran.status).toBe(200);
  const refused = await call("GET", "/v1/usage/ledger", bearer(token));
  expect(refused.status).toBe(200);
  const opened = await call("PUT", "/v1/cors", { ...bearer(token), json: { allowed_origins: [] } });
  await expectProblem(opened, 403, "insufficient-scope");
});

test("a scope cuts the roles down", async () => {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, ada, "viewer");
  const token = await tokenOf(ada, tenant.id, "models:read keys:write");
  expect(decodeJwt(token)).toMatchObject({ permissions: ["models:read"], scope: "models:read" });
});

test("who is no member gets no token", async () => {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  expect((await ada.call("POST", "/auth/tenant-token", { tenant_id: tenant.id })).status).toBe(403);
});

test("the next request after a log-out is refused", async () => {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, ada, "admin");
  const token = await tokenOf(ada, tenant.id);
  expect((await call("GET", "/v1/models", bearer(token))).status).toBe(200);
  await ada.call("POST", "/auth/sign-out", {});
  await expectProblem(await call("GET", "/v1/models", bearer(token)), 401, "credential-void");
});

test("the platform's people hold their permissions over all tenants, as far as their role goes", async () => {
  const [operator, supporter] = [await newPerson(), await newPerson()];
  await addMember(PLATFORM_TENANT_ID, operator, "operator");
  await addMember(PLATFORM_TENANT_ID, supporter, "support");
  const json = { name: "By a person", limits: { burst: 1, rate_per_second: 1 } };
  const [may, mayRead] = [await tokenOf(operator, PLATFORM_TENANT_ID), await tokenOf(supporter, PLATFORM_TENANT_ID)];
  expect((await call("POST", "/admin/tenants", { ...bearer(may), json })).status).toBe(201);
  expect((await call("GET", "/admin/tenants", bearer(mayRead))).status).toBe(200);
  await expectProblem(await call("POST", "/admin/tenants", { ...bearer(mayRead), json }), 403, "insufficient-scope");
});

test("an owner's token of a tenant opens nothing of the platform's", async () => {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, ada, "owner");
  await expectProblem(await call("GET", "/admin/tenants", bearer(await tokenOf(ada, tenant.id))), 401, "invalid-token");
});
