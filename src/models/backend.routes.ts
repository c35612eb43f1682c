import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { failRun } from "../http/refusals.ts";
import { newBackendSchema } from "./backend.schemas.ts";
import { nameServer } from "./backend.service.ts";
import { refuseQuotaReached } from "./models.problems.ts";
import { modelParams, presentVersion, versionSchema } from "./models.schemas.ts";
import { findModelTree } from "./models.store.ts";
import { needs } from "../identity/needs.ts";

const nameServerRoute = createRoute({
  method: "post",
  path: "/v1/models/{model}/backends",
  operationId: "nameBackend",
  summary: "Make a version that your own inference server runs",
  description:
    "Needs the scope `models:write`. The server speaks the Open Inference Protocol V2 (Triton, KServe, OpenVINO) over https " +
    "under a public name; it is asked to describe the model at once. Admission, limits and metering are as for every version.",
  tags: ["Models"],
  ...needs("models:write", jsonBody),
  request: { params: modelParams, body: jsonRequest(newBackendSchema) },
  responses: { 201: json(versionSchema, "The version."), ...problems },
});

/** Versions that tenants run on servers of their own. */
export const backendRoutes = createRouter().openapi(nameServerRoute, async (c) => {
  const { tenantId } = c.var.caller;
  const { model: name } = c.req.valid("param");
  const tree = await findModelTree(tenantId, c.var.services.db, name);
  if (!tree) return problem(c, "model-not-found", `There is no model "${name}"; create it with POST /v1/models.`);
  const named = await nameServer(tenantId, c.var.services, tree.model, c.req.valid("json"));
  switch (named.kind) {
    case "created": {
      const after = await findModelTree(tenantId, c.var.services.db, name);
      return c.json(presentVersion(name, named.version, after?.aliases ?? []), 201);
    }
    case "refused":
      return problem(c, "model-rejected", named.reason);
    case "quota-reached":
      return refuseQuotaReached(c, named.quota);
    case "model-gone":
      return problem(c, "model-not-found", `The model "${name}" was deleted meanwhile.`);
    case "failed":
      return failRun(c, named);
  }
});
