import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { API_KEY_SECURITY, json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { requires } from "../identity/guards.ts";
import { parseVersionNumber } from "./models.rules.ts";
import {
  aliasParams,
  aliasSchema,
  modelDetailSchema,
  modelParams,
  modelSchema,
  newAliasSchema,
  newModelSchema,
  presentAlias,
  presentModel,
  presentVersion,
  versionParams,
} from "./models.schemas.ts";
import { createModel, promote, removeAlias, removeModel, removeVersion } from "./models.service.ts";
import { findModel, findModelTree, listModels } from "./models.store.ts";

const common = { tags: ["Models"], security: API_KEY_SECURITY };

const createModelRoute = createRoute({
  ...common,
  method: "post",
  path: "/v1/models",
  operationId: "createModel",
  summary: "Name a model",
  description: "Needs the scope `models:write`. The model serves nothing until a version is uploaded.",
  middleware: [requires("models:write"), jsonBody] as const,
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
  middleware: requires("models:read"),
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
  middleware: requires("models:read"),
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
  middleware: requires("models:write"),
  request: { params: modelParams },
  responses: { 204: { description: "The model is gone." }, ...problems },
});

const deleteVersionRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}/versions/{version}",
  operationId: "deleteVersion",
  summary: "Delete a version",
  description:
    "Needs the scope `models:write`. A version that an alias points at is kept: move or delete the alias first.",
  middleware: requires("models:write"),
  request: { params: versionParams },
  responses: { 204: { description: "The version is gone; its number is not used again." }, ...problems },
});

const putAliasRoute = createRoute({
  ...common,
  method: "put",
  path: "/v1/models/{model}/aliases/{alias}",
  operationId: "putAlias",
  summary: "Point an alias at a version",
  description:
    "Needs the scope `models:write`. The alias `production` serves callers that name no version. " +
    "When the call returns, the next request is served by the version.",
  middleware: [requires("models:write"), jsonBody] as const,
  request: { params: aliasParams, body: jsonRequest(newAliasSchema) },
  responses: { 200: json(aliasSchema, "The alias."), ...problems },
});

const deleteAliasRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}/aliases/{alias}",
  operationId: "deleteAlias",
  summary: "Delete an alias",
  description: "Needs the scope `models:write`. The version stays.",
  middleware: requires("models:write"),
  request: { params: aliasParams },
  responses: { 204: { description: "The alias is gone." }, ...problems },
});

const noModel = (name: string): string => `There is no model "${name}".`;

/** Models, their versions and aliases. Uploads are in upload.routes.ts. */
export const modelRoutes = createRouter()
  .openapi(createModelRoute, async (c) => {
    const wish = c.req.valid("json");
    const model = await createModel(c.var.caller.tenantId, c.var.services, wish);
    if (!model) return problem(c, "model-exists", `name: there is a model "${wish.name}" already.`);
    return c.json(presentModel(model), 201, { Location: `/v1/models/${model.name}` });
  })
  .openapi(listModelsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listModels(c.var.caller.tenantId, c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.name, presentModel),
      200,
    );
  })
  .openapi(readModelRoute, async (c) => {
    const { model: name } = c.req.valid("param");
    const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, name);
    if (!tree) return problem(c, "model-not-found", noModel(name));
    const aliases = Object.fromEntries(tree.aliases.map((alias) => [alias.name, alias.versionNumber]));
    const versions = tree.versions.map((version) => presentVersion(name, version, tree.aliases));
    return c.json({ ...presentModel(tree.model), aliases, versions }, 200);
  })
  .openapi(deleteModelRoute, async (c) => {
    const { model: name } = c.req.valid("param");
    const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, name);
    if (!tree) return problem(c, "model-not-found", noModel(name));
    await removeModel(c.var.caller.tenantId, c.var.services, tree);
    return c.body(null, 204);
  })
  .openapi(deleteVersionRoute, async (c) => {
    const { model: name, version: wanted } = c.req.valid("param");
    const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, name);
    if (!tree) return problem(c, "model-not-found", noModel(name));
    const number = parseVersionNumber(wanted);
    const version = tree.versions.find((candidate) => candidate.number === number);
    if (!version) return problem(c, "version-not-found", `Model "${name}" has no version "${wanted}".`);
    if (await removeVersion(c.var.caller.tenantId, c.var.services, version)) return c.body(null, 204);
    const { aliases } = presentVersion(name, version, tree.aliases);
    const detail = `Version ${wanted} is served as ${aliases.join(", ")}; move or delete the alias first.`;
    return problem(c, "version-in-use", detail, { members: { aliases } });
  })
  .openapi(putAliasRoute, async (c) => {
    const { model: name, alias } = c.req.valid("param");
    const { version } = c.req.valid("json");
    const model = await findModel(c.var.caller.tenantId, c.var.services.db, name);
    if (!model) return problem(c, "model-not-found", noModel(name));
    const row = await promote(c.var.caller.tenantId, c.var.services, model, { alias, version });
    if (!row) return problem(c, "version-not-found", `version: model "${name}" has no version ${version}.`);
    return c.json(presentAlias(name, row), 200);
  })
  .openapi(deleteAliasRoute, async (c) => {
    const { model: name, alias } = c.req.valid("param");
    const model = await findModel(c.var.caller.tenantId, c.var.services.db, name);
    if (!model) return problem(c, "model-not-found", noModel(name));
    const removed = await removeAlias(c.var.caller.tenantId, c.var.services, model, alias);
    if (!removed) return problem(c, "alias-not-found", `Model "${name}" has no alias "${alias}".`);
    return c.body(null, 204);
  });
