import { createRoute } from "@hono/zod-openapi";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { isId } from "../shared/ids.ts";
import { authorOf, noMember, refuseMembership } from "./members.problems.ts";
import { memberChangeSchema, memberSchema, presentMember, userParam } from "./members.schemas.ts";
import { listMembers } from "./members.store.ts";
import { changeRoles, removeMember } from "./membership.service.ts";

const tags = ["Members"];

const listMembersRoute = createRoute({
  method: "get",
  path: "/v1/members",
  operationId: "listMembers",
  summary: "List members",
  description: "Needs the scope `members:read`.",
  tags,
  ...needs("members:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(memberSchema), "One page of members, by their ids."), ...problems },
});

const changeMemberRoute = createRoute({
  method: "patch",
  path: "/v1/members/{user_id}",
  operationId: "changeMember",
  summary: "Give a member other roles",
  description:
    "Needs the scope `members:write`, and all that the member may do, before and after: nobody gives or takes away what they don't " +
    "have. When the call returns, the member's tokens of before are refused. One owner always remains.",
  tags,
  ...needs("members:write", jsonBody),
  request: { params: userParam, body: jsonRequest(memberChangeSchema) },
  responses: { 200: json(memberSchema, "The member as it is now."), ...problems },
});

const removeMemberRoute = createRoute({
  method: "delete",
  path: "/v1/members/{user_id}",
  operationId: "removeMember",
  summary: "Remove a member",
  description:
    "Needs the scope `members:write`, and all that the member may do. When the call returns, the member's tokens are refused. One owner " +
    "always remains.",
  tags,
  ...needs("members:write"),
  request: { params: userParam },
  responses: { 204: { description: "The person is no member any more." }, ...problems },
});

/** Who belongs to a tenant. */
export const memberRoutes = createRouter()
  .openapi(listMembersRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listMembers(c.var.caller.tenantId, c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.userId, presentMember),
      200,
    );
  })
  .openapi(changeMemberRoute, async (c) => {
    const { user_id: userId } = c.req.valid("param");
    const { roles } = c.req.valid("json");
    if (!isId("usr", userId)) return noMember(c, userId);
    const change = await changeRoles(c.var.caller.tenantId, c.var.services, { userId, roles }, authorOf(c));
    if (change.kind === "changed") return c.json(presentMember(change.member), 200);
    return refuseMembership(c, userId, change);
  })
  .openapi(removeMemberRoute, async (c) => {
    const { user_id: userId } = c.req.valid("param");
    if (!isId("usr", userId)) return noMember(c, userId);
    const removal = await removeMember(c.var.caller.tenantId, c.var.services, userId, authorOf(c));
    return removal.kind === "removed" ? c.body(null, 204) : refuseMembership(c, userId, removal);
  });
