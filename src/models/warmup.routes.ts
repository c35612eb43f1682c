import { createRoute, z } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { failRun, refuseByEngine } from "../http/refusals.ts";
import { noModel } from "./models.problems.ts";
import { parseVersionNumber } from "./models.rules.ts";
import { versionParams } from "./models.schemas.ts";
import { warmUp } from "./warmup.service.ts";
import { needs } from "../identity/needs.ts";

const warmedUpSchema = z
  .object({
    was_cold: z.boolean().openapi({ description: "Whether the version had to be started." }),
    elapsed_ms: z.number().int().openapi({ example: 87 }),
  })
  .openapi("WarmedUp");

const warmUpRoute = createRoute({
  method: "post",
  path: "/v1/models/{model}/versions/{version}/warmup",
  operationId: "warmUpVersion",
  summary: "Start what runs a version",
  description:
    "Needs the scope `models:write`. The version is loaded and run once on inputs of our own making, where this request is " +
    "handled, so that the next inference there meets it warm. Nothing is charged.",
  tags: ["Models"],
  ...needs("models:write"),
  request: { params: versionParams },
  responses: { 200: json(warmedUpSchema, "The version is warm."), ...problems },
});

/** Warming versions up. */
export const warmupRoutes = createRouter().openapi(warmUpRoute, async (c) => {
  const { model, version } = c.req.valid("param");
  const warmed = await warmUp(c.var.caller.tenantId, c.var.services, model, parseVersionNumber(version));
  switch (warmed.kind) {
    case "warm":
      return c.json({ was_cold: warmed.wasCold, elapsed_ms: warmed.elapsedMs }, 200);
    case "model-not-found":
      return noModel(c, model);
    case "version-not-found":
      return problem(c, "version-not-found", `Model "${model}" has no version "${version}".`);
    case "rejected":
      return refuseByEngine(c, warmed.refusal);
    case "failed":
      return failRun(c, warmed);
  }
});
