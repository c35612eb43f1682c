import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createdKeySchema, keyWishFrom, newKeySchema, presentKey } from "../identity/keys.schemas.ts";
import { createKey } from "../identity/keys.service.ts";
import { toTimestamp } from "../shared/clock.ts";
import { hasPlaceBelow, placeBelow } from "../members/hierarchy.service.ts";
import { type TenantId, isId } from "../shared/ids.ts";
import {
  limitsFrom,
  newTenantSchema,
  policyFrom,
  presentTenant,
  tenantChangeSchema,
  tenantSchema,
  voidedSchema,
} from "./tenants.schemas.ts";
import { changeTenant, createTenant, voidCredentials } from "./tenants.service.ts";
import { findTenant, listTenants } from "./tenants.store.ts";
import { needsPlatform } from "../identity/needs.ts";

const tenantParam = z.object({ tenant_id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }) });

const createTenantRoute = createRoute({
  method: "post",
  path: "/admin/tenants",
  operationId: "createTenant",
  summary: "Register a tenant",
  tags: ["Operator"],
  ...needsPlatform("tenants:write:platform", jsonBody),
  request: { body: jsonRequest(newTenantSchema) },
  responses: { 201: json(tenantSchema, "The tenant."), ...problems },
});

const listTenantsRoute = createRoute({
  method: "get",
  path: "/admin/tenants",
  operationId: "listTenants",
  summary: "List tenants",
  tags: ["Operator"],
  ...needsPlatform("tenants:read:platform"),
  request: { query: pageQuery },
  responses: {
    200: json(pageOf(tenantSchema), "One page of tenants, oldest first; those of a jurisdiction after all others."),
    ...problems,
  },
});

const readTenantRoute = createRoute({
  method: "get",
  path: "/admin/tenants/{tenant_id}",
  operationId: "readTenant",
  summary: "Read a tenant",
  tags: ["Operator"],
  ...needsPlatform("tenants:read:platform"),
  request: { params: tenantParam },
  responses: { 200: json(tenantSchema, "The tenant."), ...problems },
});

const changeTenantRoute = createRoute({
  method: "patch",
  path: "/admin/tenants/{tenant_id}",
  operationId: "changeTenant",
  summary: "Rename, suspend, reactivate or limit a tenant",
  description: "When the call returns, the tenant's next request meets the new status and limits.",
  tags: ["Operator"],
  ...needsPlatform("tenants:write:platform", jsonBody),
  request: { params: tenantParam, body: jsonRequest(tenantChangeSchema) },
  responses: { 200: json(tenantSchema, "The tenant as it is now."), ...problems },
});

const createTenantKeyRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenant_id}/keys",
  operationId: "createTenantKey",
  summary: "Make an API key for a tenant",
  description: "How a tenant gets its first key; it makes the others itself.",
  tags: ["Operator"],
  ...needsPlatform("tenants:write:platform", jsonBody),
  request: { params: tenantParam, body: jsonRequest(newKeySchema) },
  responses: { 201: json(createdKeySchema, "The key, shown this once."), ...problems },
});

const voidCredentialsRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenant_id}/credentials/revoke",
  operationId: "voidCredentials",
  summary: "Void all credentials of a tenant",
  description:
    "When the call returns, every key and token that was issued before it is refused with `credential-void`. Keys that are made " +
    "from then on work.",
  tags: ["Operator"],
  ...needsPlatform("tenants:write:platform"),
  request: { params: tenantParam },
  responses: { 200: json(voidedSchema, "Since when credentials hold."), ...problems },
});

/** Tenants, by the operator of the service. */
export const tenantRoutes = createRouter()
  .openapi(createTenantRoute, async (c) => {
    const { name, limits, jurisdiction, parent_id: parentId = null, ...wish } = c.req.valid("json");
    if (parentId && !(await hasPlaceBelow(parentId, c.var.services))) return noPlace(c, parentId);
    const policy = { ...policyFrom(wish), parentId };
    const created = await createTenant(
      c.var.services,
      { name, jurisdiction, ...limitsFrom(limits), ...policy },
      doerOf(c),
    );
    if (created.kind === "registered") return c.json(presentTenant(created.tenant), 201);
    return problem(
      c,
      "jurisdiction-unavailable",
      `jurisdiction: what runs this service can't keep a tenant within "${created.jurisdiction}"; Cloudflare can. Nothing was made.`,
    );
  })
  .openapi(listTenantsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listTenants(c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.id, presentTenant),
      200,
    );
  })
  .openapi(readTenantRoute, async (c) => {
    const { tenant_id: tenantId } = c.req.valid("param");
    const tenant = isId("ten", tenantId) ? await findTenant(tenantId, c.var.services.db) : undefined;
    if (!tenant) return problem(c, "tenant-not-found", noTenant(tenantId));
    return c.json(presentTenant(tenant), 200);
  })
  .openapi(changeTenantRoute, async (c) => {
    const { tenant_id: tenantId } = c.req.valid("param");
    const { name, status, limits, parent_id: parentId, ...wish } = c.req.valid("json");
    const patch = {
      ...(name !== undefined && { name }),
      ...(status && { status }),
      ...(limits && limitsFrom(limits)),
      ...policyFrom(wish),
    };
    if (!isId("ten", tenantId)) return problem(c, "tenant-not-found", noTenant(tenantId));
    if (parentId !== undefined) {
      const placing = await placeBelow(tenantId, c.var.services, parentId, doerOf(c));
      if (placing.kind === "no-place") return noPlace(c, parentId ?? "");
    }
    const tenant = await changeTenant(tenantId, c.var.services, patch, doerOf(c));
    if (!tenant) return problem(c, "tenant-not-found", noTenant(tenantId));
    return c.json(presentTenant(tenant), 200);
  })
  .openapi(createTenantKeyRoute, async (c) => {
    const { tenant_id: tenantId } = c.req.valid("param");
    const wish = c.req.valid("json");
    const tenant = isId("ten", tenantId) ? await findTenant(tenantId, c.var.services.db) : undefined;
    if (!tenant) return problem(c, "tenant-not-found", noTenant(tenantId));
    // a person of the platform is no member here: the key speaks for the tenant alone
    const maker = { ...doerOf(c), createdBy: c.get("caller")?.callerId ?? "operator", userId: null } as const;
    const { key, row } = await createKey(tenant.id, c.var.services, keyWishFrom(wish), maker);
    return c.json({ ...presentKey(row), key }, 201);
  })
  .openapi(voidCredentialsRoute, async (c) => {
    const { tenant_id: tenantId } = c.req.valid("param");
    const tenant = isId("ten", tenantId) ? await voidCredentials(tenantId, c.var.services, doerOf(c)) : undefined;
    if (!tenant) return problem(c, "tenant-not-found", noTenant(tenantId));
    return c.json({ not_before: toTimestamp(tenant.notBeforeMs) }, 200);
  });

function noPlace(c: Context<AppEnv>, parentId: string) {
  const detail = `parent_id: there is no tenant "${parentId}", it is below this one, or it has as many generations or children as it may.`;
  return problem(c, "no-place-below", detail);
}

function noTenant(tenantId: TenantId | string): string {
  return `There is no tenant "${tenantId}".`;
}
