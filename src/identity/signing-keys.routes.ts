import { createRoute, z } from "@hono/zod-openapi";
import { json, problems } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { createRouter } from "../http/router.ts";
import { needsPlatform } from "./needs.ts";
import { presentSigningKey, signingKeySchema } from "./signing-keys.schemas.ts";
import { readSigningKeys, rotateSigningKeys } from "./signing-keys.service.ts";

const common = { tags: ["Operator"], ...needsPlatform("signing-keys:write:platform") };

const listRoute = createRoute({
  ...common,
  method: "get",
  path: "/admin/signing-keys",
  operationId: "listSigningKeys",
  summary: "List the keys that sign access tokens",
  responses: { 200: json(z.object({ data: z.array(signingKeySchema) }), "The youngest first."), ...problems },
});

const rotateRoute = createRoute({
  ...common,
  method: "post",
  path: "/admin/signing-keys/rotate",
  operationId: "rotateSigningKeys",
  summary: "Make the next key that signs access tokens",
  description:
    "It is published at once and signs ten minutes later; tokens of the one before are believed for a day more. The schedule does " +
    "the same each month.",
  responses: { 201: json(signingKeySchema, "The new key."), ...problems },
});

/** The keys that sign access tokens, by the operator of the service. */
export const signingKeyRoutes = createRouter()
  .openapi(listRoute, async (c) =>
    c.json({ data: (await readSigningKeys(c.var.services)).map(presentSigningKey) }, 200),
  )
  .openapi(rotateRoute, async (c) => {
    const key = await rotateSigningKeys(c.var.services, doerOf(c));
    return c.json(presentSigningKey(key), 201);
  });
