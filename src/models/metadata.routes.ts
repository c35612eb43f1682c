import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { DEFAULT_ALIAS } from "../admission/deployments.rules.ts";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { refuseUnserved } from "./models.problems.ts";
import {
  modelMetadataSchema,
  modelParams,
  modelReadySchema,
  presentMetadata,
  versionParams,
} from "./models.schemas.ts";
import { findServed } from "./served.service.ts";
import { presentTritonConfig, tritonConfigSchema } from "./triton-config.schemas.ts";
import { needs } from "../identity/needs.ts";

const common = {
  method: "get" as const,
  tags: ["Inference"],
  description: "Needs the scope `models:infer` or `models:read`.",
  ...needs(["models:infer", "models:read"]),
};

const versionOf = versionParams.extend({
  version: z.string().openapi({ description: "A version's number or an alias." }),
});
const metadata = json(modelMetadataSchema, "The model's inputs and outputs. A dimension of -1 may have any size.");
const ready = json(modelReadySchema, "The model is ready.");
const config = json(tritonConfigSchema, "The model as Triton describes its own.");

const metadataRoute = createRoute({
  ...common,
  path: "/v2/models/{model}",
  operationId: "modelMetadata",
  summary: "Describe a model",
  request: { params: modelParams },
  responses: { 200: metadata, ...problems },
});
const versionMetadataRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/versions/{version}",
  operationId: "versionMetadata",
  summary: "Describe a version of a model",
  request: { params: versionOf },
  responses: { 200: metadata, ...problems },
});
const readyRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/ready",
  operationId: "modelReady",
  summary: "Tell whether a model is ready",
  request: { params: modelParams },
  responses: { 200: ready, ...problems },
});
const versionReadyRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/versions/{version}/ready",
  operationId: "versionReady",
  summary: "Tell whether a version of a model is ready",
  request: { params: versionOf },
  responses: { 200: ready, ...problems },
});
const configRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/config",
  operationId: "modelConfig",
  summary: "Describe a model in the terms of Triton's model configuration",
  request: { params: modelParams },
  responses: { 200: config, ...problems },
});
const versionConfigRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/versions/{version}/config",
  operationId: "versionConfig",
  summary: "Describe a version of a model in the terms of Triton's model configuration",
  request: { params: versionOf },
  responses: { 200: config, ...problems },
});

/** What the Open Inference Protocol V2, and Triton beyond it, tell of a model. */
export const metadataRoutes = createRouter()
  .openapi(metadataRoute, async (c) => await describe(c, c.req.valid("param")))
  .openapi(versionMetadataRoute, async (c) => await describe(c, c.req.valid("param")))
  .openapi(readyRoute, async (c) => await tellReady(c, c.req.valid("param")))
  .openapi(versionReadyRoute, async (c) => await tellReady(c, c.req.valid("param")))
  .openapi(configRoute, async (c) => await configure(c, c.req.valid("param")))
  .openapi(versionConfigRoute, async (c) => await configure(c, c.req.valid("param")));

/** What a path names. Without a version it is the one that the alias production points at. */
interface Named {
  readonly model: string;
  readonly version?: string | undefined;
}

async function describe(c: Context<AppEnv>, { model, version = DEFAULT_ALIAS }: Named) {
  const found = await findServed(c.var.caller.tenantId, c.var.services, model, version);
  if (found.kind !== "served") return refuseUnserved(c, model, version, found.kind);
  return c.json(presentMetadata(model, found.version, found.tree.versions), 200);
}

async function tellReady(c: Context<AppEnv>, { model, version = DEFAULT_ALIAS }: Named) {
  const found = await findServed(c.var.caller.tenantId, c.var.services, model, version);
  if (found.kind !== "served") return refuseUnserved(c, model, version, found.kind);
  return c.json({ name: model, ready: true }, 200);
}

async function configure(c: Context<AppEnv>, { model, version = DEFAULT_ALIAS }: Named) {
  const found = await findServed(c.var.caller.tenantId, c.var.services, model, version);
  if (found.kind !== "served") return refuseUnserved(c, model, version, found.kind);
  return c.json(presentTritonConfig(model, found.version, found.tree.versions), 200);
}
