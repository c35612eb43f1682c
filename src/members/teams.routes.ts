import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { isId } from "../shared/ids.ts";
import { noTeam, tooMany } from "./members.problems.ts";
import { MOST_TEAMS } from "./members.rules.ts";
import { presentTeam, teamParam, teamSchema, teamWishSchema } from "./teams.schemas.ts";
import { type TeamNaming, makeTeam, nameTeam, removeTeam } from "./teams.service.ts";
import { listTeams } from "./teams.store.ts";

const tags = ["Members"];

const listTeamsRoute = createRoute({
  method: "get",
  path: "/v1/teams",
  operationId: "listTeams",
  summary: "List teams",
  description: "Needs the scope `members:read`.",
  tags,
  ...needs("members:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(teamSchema), "One page of teams, oldest first."), ...problems },
});

const createTeamRoute = createRoute({
  method: "post",
  path: "/v1/teams",
  operationId: "createTeam",
  summary: "Make a team",
  description: "Needs the scope `members:write`. A team is a group of members with a name; it allows nothing.",
  tags,
  ...needs("members:write", jsonBody),
  request: { body: jsonRequest(teamWishSchema) },
  responses: { 201: json(teamSchema, "The team."), ...problems },
});

const changeTeamRoute = createRoute({
  method: "patch",
  path: "/v1/teams/{team_id}",
  operationId: "changeTeam",
  summary: "Rename a team",
  description: "Needs the scope `members:write`.",
  tags,
  ...needs("members:write", jsonBody),
  request: { params: teamParam, body: jsonRequest(teamWishSchema) },
  responses: { 200: json(teamSchema, "The team as it is now."), ...problems },
});

const deleteTeamRoute = createRoute({
  method: "delete",
  path: "/v1/teams/{team_id}",
  operationId: "deleteTeam",
  summary: "Delete a team",
  description: "Needs the scope `members:write`. Its members stay members of the organization.",
  tags,
  ...needs("members:write"),
  request: { params: teamParam },
  responses: { 204: { description: "The team is gone." }, ...problems },
});

/** Groups of members. */
export const teamRoutes = createRouter()
  .openapi(listTeamsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listTeams(c.var.caller.tenantId, c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.id, presentTeam),
      200,
    );
  })
  .openapi(createTeamRoute, async (c) => {
    const { name } = c.req.valid("json");
    const naming = await makeTeam(c.var.caller.tenantId, c.var.services, name, doerOf(c));
    return naming.kind === "named" ? c.json(presentTeam(naming.team), 201) : refuseNaming(c, name, naming);
  })
  .openapi(changeTeamRoute, async (c) => {
    const { team_id: id } = c.req.valid("param");
    const { name } = c.req.valid("json");
    if (!isId("tea", id)) return noTeam(c, id);
    const naming = await nameTeam(c.var.caller.tenantId, c.var.services, { id, name }, doerOf(c));
    return naming.kind === "named" ? c.json(presentTeam(naming.team), 200) : refuseNaming(c, name, naming, id);
  })
  .openapi(deleteTeamRoute, async (c) => {
    const { team_id: id } = c.req.valid("param");
    const isDone = isId("tea", id) && (await removeTeam(c.var.caller.tenantId, c.var.services, id, doerOf(c)));
    return isDone ? c.body(null, 204) : noTeam(c, id);
  });

function refuseNaming(c: Context<AppEnv>, name: string, refusal: Exclude<TeamNaming, { kind: "named" }>, id = "") {
  switch (refusal.kind) {
    case "team-exists":
      return problem(c, "team-exists", `There is a team "${name}" already.`);
    case "too-many":
      return tooMany(c, "teams", MOST_TEAMS);
    case "team-not-found":
      return noTeam(c, id);
  }
}
