import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { refuseVersion } from "./models.problems.ts";
import { parseVersionNumber } from "./models.rules.ts";
import { presentVersionDetail, versionDetailSchema, versionParams } from "./models.schemas.ts";
import { reinstateVersion, removeVersion, retireVersion } from "./versions.service.ts";
import { needs } from "../identity/needs.ts";

const common = { tags: ["Models"] };

const deleteVersionRoute = createRoute({
  ...common,
  method: "delete",
  path: "/v1/models/{model}/versions/{version}",
  operationId: "deleteVersion",
  summary: "Delete a version",
  description:
    "Needs the scope `models:write`. A version that an alias points at or that gets traffic is kept: move these first.",
  ...needs("models:write"),
  request: { params: versionParams },
  responses: { 204: { description: "The version is gone; its number is not used again." }, ...problems },
});

const retireVersionRoute = createRoute({
  ...common,
  method: "post",
  path: "/v1/models/{model}/versions/{version}/retire",
  operationId: "retireVersion",
  summary: "Take a version out of service",
  description:
    "Needs the scope `models:write`. When the call returns, no further request is admitted to the version; those under way " +
    "end (`draining` until then). Its files stay. A version that an alias points at or that gets traffic is not retired.",
  ...needs("models:write"),
  request: { params: versionParams },
  responses: { 200: json(versionDetailSchema, "The version as it is now."), ...problems },
});

const reinstateVersionRoute = createRoute({
  ...common,
  method: "post",
  path: "/v1/models/{model}/versions/{version}/reinstate",
  operationId: "reinstateVersion",
  summary: "Put a retired version back into service",
  description: "Needs the scope `models:write`.",
  ...needs("models:write"),
  request: { params: versionParams },
  responses: { 200: json(versionDetailSchema, "The version as it is now."), ...problems },
});

/** Versions once they are there. Uploads are in upload.routes.ts. */
export const versionRoutes = createRouter()
  .openapi(deleteVersionRoute, async (c) => {
    const { model, version } = c.req.valid("param");
    const removed = await removeVersion(c.var.caller.tenantId, c.var.services, model, parseVersionNumber(version));
    return removed.kind === "removed" ? c.body(null, 204) : refuseVersion(c, model, version, removed);
  })
  .openapi(retireVersionRoute, async (c) => {
    const { model, version } = c.req.valid("param");
    const moved = await retireVersion(c.var.caller.tenantId, c.var.services, model, parseVersionNumber(version));
    if (moved.kind !== "moved") return refuseVersion(c, model, version, moved);
    return c.json(presentVersionDetail(model, moved.version, moved.aliases, moved.activity), 200);
  })
  .openapi(reinstateVersionRoute, async (c) => {
    const { model, version } = c.req.valid("param");
    const moved = await reinstateVersion(c.var.caller.tenantId, c.var.services, model, parseVersionNumber(version));
    if (moved.kind !== "moved") return refuseVersion(c, model, version, moved);
    return c.json(presentVersionDetail(model, moved.version, moved.aliases, moved.activity), 200);
  });
