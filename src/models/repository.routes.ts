import { createRoute, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isModelOf } from "../admission/credentials.rules.ts";
import type { AppEnv } from "../http/context.ts";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { optionalJson } from "../http/optional-json.ts";
import { createRouter } from "../http/router.ts";
import { requires } from "../identity/guards.ts";
import { noModel } from "./models.problems.ts";
import { modelParams } from "./models.schemas.ts";
import {
  indexRequestSchema,
  loadRequestSchema,
  presentEntry,
  repositoryIndexSchema,
  unloadRequestSchema,
} from "./repository.schemas.ts";
import { changeLoaded } from "./repository.service.ts";
import { listRepository } from "./repository.store.ts";
import { securityOf } from "../identity/needs.ts";

const common = { method: "post" as const, tags: ["Models"] };
const optional = <S extends z.ZodType>(schema: S) => ({ ...jsonRequest(schema), required: false });

const indexRoute = createRoute({
  ...common,
  path: "/v2/repository/index",
  operationId: "repositoryIndex",
  security: securityOf(["models:infer", "models:read"]),
  summary: "List all versions of all models, as Triton does",
  description: "Needs the scope `models:infer` or `models:read`. The body may be empty.",
  request: { body: optional(indexRequestSchema) },
  responses: { 200: json(repositoryIndexSchema, "Every version, by name and number."), ...problems },
});

const loadRoute = createRoute({
  ...common,
  path: "/v2/repository/models/{model}/load",
  operationId: "loadModel",
  security: securityOf("models:write"),
  summary: "Let a model serve, as Triton loads one",
  description:
    "Needs the scope `models:write`. The body may be empty. When the call returns, the next request is served.",
  request: { params: modelParams, body: optional(loadRequestSchema) },
  responses: { 200: { description: "It serves." }, ...problems },
});

const unloadRoute = createRoute({
  ...common,
  path: "/v2/repository/models/{model}/unload",
  operationId: "unloadModel",
  security: securityOf("models:write"),
  summary: "Let a model serve nobody, as Triton unloads one",
  description:
    "Needs the scope `models:write`. The body may be empty. When the call returns, the next request is refused; the model " +
    "keeps everything.",
  request: { params: modelParams, body: optional(unloadRequestSchema) },
  responses: { 200: { description: "It serves nobody." }, ...problems },
});

/** Triton's model repository. Its clients send no media type and often no body, so the body is read here. */
export const repositoryRoutes = createRouter();
for (const route of [indexRoute, loadRoute, unloadRoute]) repositoryRoutes.openAPIRegistry.registerPath(route);

repositoryRoutes.post(indexRoute.getRoutingPath(), requires("models:infer", "models:read"), async (c) => {
  const wish = await optionalJson(c, indexRequestSchema);
  if (wish instanceof Response) return wish;
  const { caller } = c.var;
  const rows = await listRepository(caller.tenantId, c.var.services.db);
  const entries = rows.filter(({ name }) => isModelOf(caller, name)).map(presentEntry);
  return c.json(wish.ready ? entries.filter((entry) => entry.state === "READY") : entries, 200);
});

repositoryRoutes.post(loadRoute.getRoutingPath(), requires("models:write"), async (c) => {
  const wish = await optionalJson(c, loadRequestSchema);
  return wish instanceof Response ? wish : await change(c, c.req.param("model"), true);
});

repositoryRoutes.post(unloadRoute.getRoutingPath(), requires("models:write"), async (c) => {
  const wish = await optionalJson(c, unloadRequestSchema);
  return wish instanceof Response ? wish : await change(c, c.req.param("model"), false);
});

async function change(c: Context<AppEnv>, model: string, loaded: boolean): Promise<Response> {
  const changed = await changeLoaded(c.var.caller.tenantId, c.var.services, model, loaded);
  return changed ? c.body(null, 200) : noModel(c, model);
}
