import { createRoute } from "@hono/zod-openapi";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { openToParent, parentAccessOf } from "./hierarchy.service.ts";
import { listChildren } from "./hierarchy.store.ts";
import { authorOf, refuseRights } from "./members.problems.ts";
import {
  childSchema,
  organizationChangeSchema,
  organizationSchema,
  parentAccessSchema,
  presentChild,
  presentOrganization,
} from "./organizations.schemas.ts";
import { renameOrganization } from "./organizations.service.ts";
import { findOrganization } from "./organizations.store.ts";

const tags = ["Organization"];

const readOrganizationRoute = createRoute({
  method: "get",
  path: "/v1/organization",
  operationId: "readOrganization",
  summary: "Read the organization",
  description: "Needs the scope `organization:read`.",
  tags,
  ...needs("organization:read"),
  responses: { 200: json(organizationSchema, "The organization."), ...problems },
});

const changeOrganizationRoute = createRoute({
  method: "patch",
  path: "/v1/organization",
  operationId: "changeOrganization",
  summary: "Rename the organization",
  description: "Needs the scope `organization:write`.",
  tags,
  ...needs("organization:write", jsonBody),
  request: { body: jsonRequest(organizationChangeSchema) },
  responses: { 200: json(organizationSchema, "The organization as it is now."), ...problems },
});

const readParentAccessRoute = createRoute({
  method: "get",
  path: "/v1/parent-access",
  operationId: "readParentAccess",
  summary: "Read what the parent's members may do here",
  description: "Needs the scope `roles:read`.",
  tags,
  ...needs("roles:read"),
  responses: { 200: json(parentAccessSchema, "The role that they have."), ...problems },
});

const changeParentAccessRoute = createRoute({
  method: "put",
  path: "/v1/parent-access",
  operationId: "changeParentAccess",
  summary: "Let the parent's members in, or shut them out",
  description:
    "Needs the scope `roles:write`, and all that the role allows. When the call returns, what they hold of before is refused. The role " +
    "`owner` can't be given.",
  tags,
  ...needs("roles:write", jsonBody),
  request: { body: jsonRequest(parentAccessSchema) },
  responses: { 200: json(parentAccessSchema, "The role that they have now."), ...problems },
});

const listChildrenRoute = createRoute({
  method: "get",
  path: "/v1/children",
  operationId: "listChildren",
  summary: "List the organizations below this one",
  description: "Needs the scope `usage:read`. Those below them are not listed.",
  tags,
  ...needs("usage:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(childSchema), "One page of organizations, oldest first."), ...problems },
});

/** The tenant as its own people see it, what is above it and what is below. */
export const organizationRoutes = createRouter()
  .openapi(readOrganizationRoute, async (c) => {
    const tenant = await findOrganization(c.var.caller.tenantId, c.var.services.db);
    if (!tenant) throw new Error("The tenant has gone from D1.");
    return c.json(presentOrganization(tenant), 200);
  })
  .openapi(changeOrganizationRoute, async (c) => {
    const { name } = c.req.valid("json");
    const tenant = await renameOrganization(c.var.caller.tenantId, c.var.services, name, doerOf(c));
    if (!tenant) throw new Error("The tenant has gone from D1.");
    return c.json(presentOrganization(tenant), 200);
  })
  .openapi(readParentAccessRoute, async (c) => {
    return c.json({ role: await parentAccessOf(c.var.caller.tenantId, c.var.services) }, 200);
  })
  .openapi(changeParentAccessRoute, async (c) => {
    const { role } = c.req.valid("json");
    const opening = await openToParent(c.var.caller.tenantId, c.var.services, role, authorOf(c));
    switch (opening.kind) {
      case "set":
        return c.json({ role }, 200);
      case "no-parent":
        return problem(c, "no-parent", "The organization has no parent whose members could be let in.");
      case "unknown-roles":
      case "excess":
        return refuseRights(c, opening, "role");
    }
  })
  .openapi(listChildrenRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listChildren(c.var.caller.tenantId, c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.id, presentChild),
      200,
    );
  });
