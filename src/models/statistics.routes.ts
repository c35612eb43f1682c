import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isModelOf } from "../admission/credentials.rules.ts";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { modelParams, versionParams } from "./models.schemas.ts";
import { presentTritonStatistics, tritonStatisticsSchema } from "./triton-statistics.schemas.ts";
import { needs } from "../identity/needs.ts";

const common = {
  method: "get" as const,
  tags: ["Usage"],
  description: "Needs the scope `models:infer` or `models:read`. Retired versions and unloaded models are there too.",
  ...needs(["models:infer", "models:read"]),
  responses: { 200: json(tritonStatisticsSchema, "One entry for each version."), ...problems },
};

const allRoute = createRoute({
  ...common,
  path: "/v2/models/stats",
  operationId: "allStatistics",
  summary: "Tell what all versions of all models have done, as Triton does",
});
const modelRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/stats",
  operationId: "modelStatistics",
  summary: "Tell what all versions of a model have done, as Triton does",
  request: { params: modelParams },
});
const versionRoute = createRoute({
  ...common,
  path: "/v2/models/{model}/versions/{version}/stats",
  operationId: "versionStatistics",
  summary: "Tell what a version of a model has done, as Triton does",
  request: {
    params: versionParams.extend({ version: z.string().openapi({ description: "A version's number." }) }),
  },
});

/** Triton's statistics, from the tenant's cell. Mounted before a model's metadata, since a model may be called `stats`. */
export const statisticsRoutes = createRouter()
  .openapi(allRoute, async (c) => await tell(c, {}))
  .openapi(modelRoute, async (c) => await tell(c, c.req.valid("param")))
  .openapi(versionRoute, async (c) => await tell(c, c.req.valid("param")));

/** What a path names: everything, a model, or one of its versions. */
interface Named {
  readonly model?: string;
  readonly version?: string;
}

async function tell(c: Context<AppEnv>, { model, version }: Named) {
  const { caller } = c.var;
  const reports = await c.var.services.cell(caller.tenantId).statistics(model);
  if (!reports) return problem(c, "model-not-found", `There is no model "${model ?? ""}".`);
  const named = reports.filter(
    ({ model: name, number }) => isModelOf(caller, name) && (version === undefined || String(number) === version),
  );
  if (version !== undefined && named.length === 0) {
    return problem(c, "version-not-found", `Model "${model ?? ""}" has no version "${version}".`);
  }
  return c.json(presentTritonStatistics(named), 200);
}
