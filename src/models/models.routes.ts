import { createRoute } from "@hono/zod-openapi";
import { isModelOf } from "../admission/credentials.rules.ts";
import { createRouter } from "../http/router.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { noModel, refuseOtherModel, refuseQuotaReached } from "./models.problems.ts";
import {
  modelDetailSchema,
  modelParams,
  modelSchema,
  newModelSchema,
  presentModel,
  presentModelDetail,
} from "./models.schemas.ts";
import { createModel, readActivity, removeModel } from "./models.service.ts";
import { findModelTree, listModels } from "./models.store.ts";
import { needs } from "../identity/needs.ts";

const common = { tags: ["Models"] };

const createModelRoute = createRoute({
  ...common,
  method: "post",
  path: "/v1/models",
  operationId: "createModel",
  summary: "Name a model",
  description: "Needs the scope `models:write`. The model serves nothing until a version is uploaded.",
  ...needs("models:write", jsonBody),
  request: { body: jsonRequest(newModelSchema) },
  responses: { 201: json(modelSchema, "The model."), ...problems },
});

const listModelsRoute = createRoute({
  ...common,
  method: "get",
  path: "/v1/models",
  operationId: "listModels",
  summary: "List models",
  description: "Needs the scope `models:read`.",
  ...needs("models:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(modelSchema), "One page of models, by name."), ...problems },
});

const readModelRoute = createRoute({
  ...common,
  method: "get",
  path: "/v1/models/{model}",
  operationId: "readModel",
  summary: "Read a model with its versions and aliases",
  description: "Needs the scope `models:read`.",
  ...needs("models:read"),
  request: { params: modelParams },
  responses: { 200: json(modelDetailSchema, "The model."), ...problems },
});

const deleteModelRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}",
  operationId: "deleteModel",
  summary: "Delete a model with all its versions and aliases",
  description: "Needs the scope `models:write`. Its usage stays in the ledger.",
  ...needs("models:write"),
  request: { params: modelParams },
  responses: { 204: { description: "The model is gone." }, ...problems },
});

/** Models. What hangs on them is in versions, aliases, serving and upload.routes.ts. */
export const modelRoutes = createRouter()
  .openapi(createModelRoute, async (c) => {
    const wish = c.req.valid("json");
    if (!isModelOf(c.var.caller, wish.name)) return refuseOtherModel(c, wish.name);
    const inserted = await createModel(c.var.caller.tenantId, c.var.services, wish);
    switch (inserted.kind) {
      case "inserted":
        return c.json(presentModel(inserted.model), 201, { Location: `/v1/models/${wish.name}` });
      case "name-taken":
        return problem(c, "model-exists", `name: there is a model "${wish.name}" already.`);
      case "quota-reached":
        return refuseQuotaReached(c, inserted.quota);
    }
  })
  .openapi(listModelsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const { tenantId, models: names } = c.var.caller;
    const rows = await listModels(tenantId, c.var.services.db, { limit, after, names });
    return c.json(
      toPage(rows, limit, (row) => row.name, presentModel),
      200,
    );
  })
  .openapi(readModelRoute, async (c) => {
    const { model: name } = c.req.valid("param");
    const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, name);
    if (!tree) return noModel(c, name);
    const activity = await readActivity(c.var.caller.tenantId, c.var.services, tree.model);
    return c.json(presentModelDetail(tree, activity), 200);
  })
  .openapi(deleteModelRoute, async (c) => {
    const { model: name } = c.req.valid("param");
    const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, name);
    if (!tree) return noModel(c, name);
    await removeModel(c.var.caller.tenantId, c.var.services, tree);
    return c.body(null, 204);
  });
