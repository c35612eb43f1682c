import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { pointAlias, removeAlias } from "./aliases.service.ts";
import { noModel, refuseServing } from "./models.problems.ts";
import { aliasParams, aliasSchema, newAliasSchema, presentAlias } from "./models.schemas.ts";
import { needs } from "../identity/needs.ts";

const common = { tags: ["Models"] };

const putAliasRoute = createRoute({
  ...common,
  method: "put",
  path: "/v1/models/{model}/aliases/{alias}",
  operationId: "putAlias",
  summary: "Point an alias at a version",
  description:
    "Needs the scope `models:write`. When the call returns, the next request is served by the version. The alias " +
    "`production` serves callers that name no version; to point it is to promote, which ends a spread of traffic.",
  ...needs("models:write", jsonBody),
  request: { params: aliasParams, body: jsonRequest(newAliasSchema) },
  responses: { 200: json(aliasSchema, "The alias."), ...problems },
});

const deleteAliasRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}/aliases/{alias}",
  operationId: "deleteAlias",
  summary: "Delete an alias",
  description: "Needs the scope `models:write`. The version stays. Without `production` a spread of traffic ends too.",
  ...needs("models:write"),
  request: { params: aliasParams },
  responses: { 204: { description: "The alias is gone." }, ...problems },
});

/** Names of versions that can be moved. */
export const aliasRoutes = createRouter()
  .openapi(putAliasRoute, async (c) => {
    const { model, alias } = c.req.valid("param");
    const { version } = c.req.valid("json");
    const pointed = await pointAlias(c.var.caller.tenantId, c.var.services, model, { alias, version });
    if (pointed.kind !== "pointed") return refuseServing(c, model, "version", pointed);
    return c.json(presentAlias({ alias, model, version, updatedAtMs: pointed.updatedAtMs }), 200);
  })
  .openapi(deleteAliasRoute, async (c) => {
    const { model, alias } = c.req.valid("param");
    const removed = await removeAlias(c.var.caller.tenantId, c.var.services, model, alias);
    switch (removed.kind) {
      case "removed":
        return c.body(null, 204);
      case "model-not-found":
        return noModel(c, model);
      case "alias-not-found":
        return problem(c, "alias-not-found", `Model "${model}" has no alias "${alias}".`);
    }
  });
