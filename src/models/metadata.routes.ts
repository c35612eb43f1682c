import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { DEFAULT_ALIAS } from "../admission/admission.rules.ts";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { API_KEY_SECURITY, json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { requires } from "../identity/guards.ts";
import { parseVersionNumber } from "./models.rules.ts";
import {
  modelMetadataSchema,
  modelParams,
  modelReadySchema,
  presentMetadata,
  versionParams,
} from "./models.schemas.ts";
import { type ModelTree, findModelTree } from "./models.store.ts";
import type { VersionRow } from "./models.tables.ts";

const common = {
  method: "get" as const,
  tags: ["Inference"],
  security: API_KEY_SECURITY,
  description: "Needs the scope `infer` or `models:read`.",
  middleware: requires("infer", "models:read"),
};

const versionOf = versionParams.extend({
  version: z.string().openapi({ description: "A version's number or an alias." }),
});
const metadata = json(modelMetadataSchema, "The model's inputs and outputs. A dimension of -1 may have any size.");
const ready = json(modelReadySchema, "The model is ready.");

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

/** What the Open Inference Protocol V2 tells of a model. */
export const metadataRoutes = createRouter()
  .openapi(metadataRoute, async (c) => {
    const { model } = c.req.valid("param");
    const found = await findServed(c, model, DEFAULT_ALIAS);
    if (!found) return noVersion(c, model, DEFAULT_ALIAS);
    return c.json(presentMetadata(model, found.version, found.tree.versions), 200);
  })
  .openapi(versionMetadataRoute, async (c) => {
    const { model, version } = c.req.valid("param");
    const found = await findServed(c, model, version);
    if (!found) return noVersion(c, model, version);
    return c.json(presentMetadata(model, found.version, found.tree.versions), 200);
  })
  .openapi(readyRoute, async (c) => {
    const { model } = c.req.valid("param");
    if (!(await findServed(c, model, DEFAULT_ALIAS))) return noVersion(c, model, DEFAULT_ALIAS);
    return c.json({ name: model, ready: true }, 200);
  })
  .openapi(versionReadyRoute, async (c) => {
    const { model, version } = c.req.valid("param");
    if (!(await findServed(c, model, version))) return noVersion(c, model, version);
    return c.json({ name: model, ready: true }, 200);
  });

async function findServed(
  c: Context<AppEnv>,
  model: string,
  wanted: string,
): Promise<{ tree: ModelTree; version: VersionRow } | undefined> {
  const tree = await findModelTree(c.var.caller.tenantId, c.var.services.db, model);
  const alias = tree?.aliases.find((candidate) => candidate.name === wanted);
  const number = parseVersionNumber(wanted) ?? alias?.versionNumber;
  const version = tree?.versions.find((candidate) => candidate.number === number);
  return tree && version && { tree, version };
}

function noVersion(c: Context<AppEnv>, model: string, wanted: string) {
  return problem(c, "version-not-found", `There is no model "${model}" with a version or alias "${wanted}".`);
}
