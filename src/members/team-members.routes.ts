import { createRoute } from "@hono/zod-openapi";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { type TeamId, type UserId, isId } from "../shared/ids.ts";
import { noMember, noTeam } from "./members.problems.ts";
import { memberSchema, presentMember } from "./members.schemas.ts";
import { seatParam, teamParam } from "./teams.schemas.ts";
import { addToTeam, takeFromTeam } from "./teams.service.ts";
import { findTeam, listTeamMembers } from "./teams.store.ts";

const tags = ["Members"];

const listTeamMembersRoute = createRoute({
  method: "get",
  path: "/v1/teams/{team_id}/members",
  operationId: "listTeamMembers",
  summary: "List who is in a team",
  description: "Needs the scope `members:read`.",
  tags,
  ...needs("members:read"),
  request: { params: teamParam, query: pageQuery },
  responses: { 200: json(pageOf(memberSchema), "One page of members, by their ids."), ...problems },
});

const addToTeamRoute = createRoute({
  method: "put",
  path: "/v1/teams/{team_id}/members/{user_id}",
  operationId: "addToTeam",
  summary: "Put a member into a team",
  description: "Needs the scope `members:write`. May be repeated. Who leaves the organization leaves its teams.",
  tags,
  ...needs("members:write"),
  request: { params: seatParam },
  responses: { 204: { description: "The member is in the team." }, ...problems },
});

const takeFromTeamRoute = createRoute({
  method: "delete",
  path: "/v1/teams/{team_id}/members/{user_id}",
  operationId: "takeFromTeam",
  summary: "Take a member out of a team",
  description: "Needs the scope `members:write`.",
  tags,
  ...needs("members:write"),
  request: { params: seatParam },
  responses: { 204: { description: "The member is not in the team any more." }, ...problems },
});

/** Who is in which team. */
export const teamMemberRoutes = createRouter()
  .openapi(listTeamMembersRoute, async (c) => {
    const { team_id: id } = c.req.valid("param");
    const { limit, after } = c.req.valid("query");
    const { tenantId } = c.var.caller;
    const { db } = c.var.services;
    const team = isId("tea", id) ? await findTeam(tenantId, db, id) : undefined;
    if (!team) return noTeam(c, id);
    const rows = await listTeamMembers(tenantId, db, team.id, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.userId, presentMember),
      200,
    );
  })
  .openapi(addToTeamRoute, async (c) => {
    const { team_id: team, user_id: user } = c.req.valid("param");
    const seat = seatFrom(team, user);
    if (!seat) return isId("tea", team) ? noMember(c, user) : noTeam(c, team);
    const added = await addToTeam(c.var.caller.tenantId, c.var.services, seat, doerOf(c));
    if (added === "added") return c.body(null, 204);
    return added === "team-not-found" ? noTeam(c, team) : noMember(c, user);
  })
  .openapi(takeFromTeamRoute, async (c) => {
    const { team_id: team, user_id: user } = c.req.valid("param");
    const seat = seatFrom(team, user);
    if (!seat) return isId("tea", team) ? noMember(c, user) : noTeam(c, team);
    const taken = await takeFromTeam(c.var.caller.tenantId, c.var.services, seat, doerOf(c));
    if (taken === "taken") return c.body(null, 204);
    return taken === "team-not-found" ? noTeam(c, team) : noMember(c, user);
  });

function seatFrom(teamId: string, userId: string): { teamId: TeamId; userId: UserId } | undefined {
  return isId("tea", teamId) && isId("usr", userId) ? { teamId, userId } : undefined;
}
