import { createRoute, z } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { isId } from "../shared/ids.ts";
import { createdKeySchema, keySchema, keyWishFrom, newKeySchema, presentKey } from "./keys.schemas.ts";
import { createKey, revokeKey } from "./keys.service.ts";
import { listKeys } from "./keys.store.ts";
import { excessGrants } from "./permissions.rules.ts";
import { needs } from "./needs.ts";

const createKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys",
  operationId: "createKey",
  summary: "Make an API key",
  description: "Needs the scope `keys:write`. A key is given no scope that its maker does not hold.",
  tags: ["API keys"],
  ...needs("keys:write", jsonBody),
  request: { body: jsonRequest(newKeySchema) },
  responses: { 201: json(createdKeySchema, "The key, shown this once."), ...problems },
});

const listKeysRoute = createRoute({
  method: "get",
  path: "/v1/keys",
  operationId: "listKeys",
  summary: "List API keys, revoked ones included",
  description: "Needs the scope `keys:read`.",
  tags: ["API keys"],
  ...needs("keys:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(keySchema), "One page of keys, oldest first."), ...problems },
});

const revokeKeyRoute = createRoute({
  method: "delete",
  path: "/v1/keys/{key_id}",
  operationId: "revokeKey",
  summary: "Revoke an API key",
  description: "Needs the scope `keys:write`. When the call returns, the next request with the key is refused.",
  tags: ["API keys"],
  ...needs("keys:write"),
  request: { params: z.object({ key_id: z.string().openapi({ example: "key_01jd8x3v5cq0q4m2n8h6y7z9ab" }) }) },
  responses: { 204: { description: "The key is revoked." }, ...problems },
});

/** API keys, by their own tenant. */
export const keyRoutes = createRouter()
  .openapi(createKeyRoute, async (c) => {
    const wish = c.req.valid("json");
    const { tenantId, scopes } = c.var.caller;
    const excess = excessGrants(wish.scopes, scopes);
    if (excess.length > 0) {
      const detail = `scopes: your own key lacks ${excess.join(", ")}, so it can't grant it.`;
      return problem(c, "insufficient-scope", detail, { members: { required: excess, held: scopes } });
    }
    const { key, row } = await createKey(tenantId, c.var.services, keyWishFrom(wish), doerOf(c));
    return c.json({ ...presentKey(row), key }, 201);
  })
  .openapi(listKeysRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listKeys(c.var.caller.tenantId, c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.id, presentKey),
      200,
    );
  })
  .openapi(revokeKeyRoute, async (c) => {
    const { key_id: keyId } = c.req.valid("param");
    const revoked = isId("key", keyId) && (await revokeKey(c.var.caller.tenantId, c.var.services, keyId, doerOf(c)));
    if (!revoked) return problem(c, "key-not-found", `There is no API key "${keyId}".`);
    return c.body(null, 204);
  });
