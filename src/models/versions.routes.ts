import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { API_KEY_SECURITY, problems } from "../http/contract.ts";
import { requires } from "../identity/guards.ts";
import { refuseVersion } from "./models.problems.ts";
import { parseVersionNumber } from "./models.rules.ts";
import { versionParams } from "./models.schemas.ts";
import { removeVersion } from "./versions.service.ts";

const common = { tags: ["Models"], security: API_KEY_SECURITY };

const deleteVersionRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}/versions/{version}",
  operationId: "deleteVersion",
  summary: "Delete a version",
  description:
    "Needs the scope `models:write`. A version that an alias points at or that gets traffic is kept: move these first.",
  middleware: requires("models:write"),
  request: { params: versionParams },
  responses: { 204: { description: "The version is gone; its number is not used again." }, ...problems },
});

/** Versions once they are there. Uploads are in upload.routes.ts. */
export const versionRoutes = createRouter().openapi(deleteVersionRoute, async (c) => {
  const { model, version } = c.req.valid("param");
  const removed = await removeVersion(c.var.caller.tenantId, c.var.services, model, parseVersionNumber(version));
  return removed.kind === "removed" ? c.body(null, 204) : refuseVersion(c, model, version, removed);
});
