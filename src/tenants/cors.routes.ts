import { createRoute } from "@hono/zod-openapi";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { createRouter } from "../http/router.ts";
import { corsSchema } from "./cors.schemas.ts";
import { changeTenant } from "./tenants.service.ts";
import { findTenant } from "./tenants.store.ts";
import { needs } from "../identity/needs.ts";

const common = { path: "/v1/cors", tags: ["API keys"] };

const readCorsRoute = createRoute({
  ...common,
  method: "get",
  operationId: "readCors",
  summary: "Read which web pages may call",
  description: "Needs the scope `organization:read`.",
  ...needs("organization:read"),
  responses: { 200: json(corsSchema, "The allow-list."), ...problems },
});

const changeCorsRoute = createRoute({
  ...common,
  method: "put",
  operationId: "changeCors",
  summary: "Say which web pages may call",
  description:
    "Needs the scope `organization:write`. When the call returns, the next request of a browser meets the new list. An empty one lets no page " +
    "of another origin call. See docs/cors.md.",
  ...needs("organization:write", jsonBody),
  request: { body: jsonRequest(corsSchema) },
  responses: { 200: json(corsSchema, "The allow-list as it is now."), ...problems },
});

/** Which web pages may call, by their own tenant. */
export const corsRoutes = createRouter()
  .openapi(readCorsRoute, async (c) => {
    const tenant = await findTenant(c.var.caller.tenantId, c.var.services.db);
    if (!tenant) throw new Error("The tenant has gone from D1.");
    return c.json({ allowed_origins: tenant.allowedOrigins }, 200);
  })
  .openapi(changeCorsRoute, async (c) => {
    const { allowed_origins: allowedOrigins } = c.req.valid("json");
    const tenant = await changeTenant(c.var.caller.tenantId, c.var.services, { allowedOrigins }, doerOf(c));
    if (!tenant) throw new Error("The tenant has gone from D1.");
    return c.json({ allowed_origins: tenant.allowedOrigins }, 200);
  });
