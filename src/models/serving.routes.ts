import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { noModel, refuseServing } from "./models.problems.ts";
import { modelParams } from "./models.schemas.ts";
import { findModelTree } from "./models.store.ts";
import {
  type ServingChange,
  type ServingRefusal,
  type ServingState,
  gathered,
  promoted,
  rolledBack,
  spread,
} from "./serving.rules.ts";
import { newTrafficSchema, presentServing, promotionSchema, servingSchema } from "./serving.schemas.ts";
import { changeServing, servingState } from "./serving.service.ts";
import { needs } from "../identity/needs.ts";

const serving = json(servingSchema, "What serves callers who name no version.");
const common = { tags: ["Models"] };

const readTrafficRoute = createRoute({
  ...common,
  method: "get",
  path: "/v1/models/{model}/traffic",
  operationId: "readTraffic",
  summary: "Read what serves callers who name no version",
  description: "Needs the scope `models:read`.",
  ...needs("models:read"),
  request: { params: modelParams },
  responses: { 200: serving, ...problems },
});

const putTrafficRoute = createRoute({
  ...common,
  method: "put",
  path: "/v1/models/{model}/traffic",
  operationId: "putTraffic",
  summary: "Spread callers over versions",
  description:
    "Needs the scope `models:write`. Callers who name no version, or `production`, are spread by weight. One caller always " +
    "gets the same version while the weights stand: by its `X-Routing-Key`, or by its API key.",
  ...needs("models:write", jsonBody),
  request: { params: modelParams, body: jsonRequest(newTrafficSchema) },
  responses: { 200: serving, ...problems },
});

const deleteTrafficRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}/traffic",
  operationId: "deleteTraffic",
  summary: "Let the alias production serve everybody again",
  description: "Needs the scope `models:write`.",
  ...needs("models:write"),
  request: { params: modelParams },
  responses: { 204: { description: "Production serves everybody who names no version." }, ...problems },
});

const promoteRoute = createRoute({
  ...common,
  method: "post",
  path: "/v1/models/{model}/promote",
  operationId: "promoteVersion",
  summary: "Make a version production, for everybody",
  description: "Needs the scope `models:write`. Moves the alias `production` and ends a spread of traffic.",
  ...needs("models:write", jsonBody),
  request: { params: modelParams, body: jsonRequest(promotionSchema) },
  responses: { 200: serving, ...problems },
});

const rollbackRoute = createRoute({
  ...common,
  method: "post",
  path: "/v1/models/{model}/rollback",
  operationId: "rollBack",
  summary: "Go back to what production served before the last change",
  description: "Needs the scope `models:write`. Version and traffic alike; a second time undoes the first.",
  ...needs("models:write"),
  request: { params: modelParams },
  responses: { 200: serving, ...problems },
});

/** What serves callers who name no version: one version, or several by weight. */
export const servingRoutes = createRouter()
  .openapi(readTrafficRoute, async (c) => {
    const { model } = c.req.valid("param");
    const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, model);
    if (!tree) return noModel(c, model);
    return c.json(presentServing(model, servingState(tree).serving), 200);
  })
  .openapi(putTrafficRoute, async (c) => {
    const { weights } = c.req.valid("json");
    return await change(c, c.req.valid("param").model, "weights", (state) => spread(state, weights));
  })
  .openapi(deleteTrafficRoute, async (c) => {
    const { model } = c.req.valid("param");
    const changed = await changeServing(c.var.caller.tenantId, c.var.services, model, gathered);
    if (changed.kind !== "changed") return refuseServing(c, model, "model", changed);
    return c.body(null, 204);
  })
  .openapi(promoteRoute, async (c) => {
    const { version } = c.req.valid("json");
    return await change(c, c.req.valid("param").model, "version", (state) => promoted(state, version));
  })
  .openapi(rollbackRoute, async (c) => await change(c, c.req.valid("param").model, "model", rolledBack));

async function change(
  c: Context<AppEnv>,
  model: string,
  field: string,
  decide: (state: ServingState) => ServingChange | ServingRefusal,
) {
  const changed = await changeServing(c.var.caller.tenantId, c.var.services, model, decide);
  if (changed.kind !== "changed") return refuseServing(c, model, field, changed);
  return c.json(presentServing(model, changed.serving), 200);
}
