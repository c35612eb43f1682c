import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { isBuiltInRole } from "../identity/roles.rules.ts";
import { authorOf, changedMeanwhile, refuseRights, tooMany } from "./members.problems.ts";
import { MOST_ROLES, builtInRolesOf } from "./members.rules.ts";
import {
  newRoleSchema,
  presentBuiltIn,
  presentRole,
  roleChangeSchema,
  roleParam,
  roleSchema,
} from "./roles.schemas.ts";
import { changeRole, makeRole, removeRole } from "./roles.service.ts";
import { type RoleHolders, listRoles } from "./roles.store.ts";

const tags = ["Members"];

const listRolesRoute = createRoute({
  method: "get",
  path: "/v1/roles",
  operationId: "listRoles",
  summary: "List roles",
  description: "Needs the scope `roles:read`.",
  tags,
  ...needs("roles:read"),
  request: { query: pageQuery },
  responses: {
    200: json(pageOf(roleSchema), "One page of roles: built-in ones, then the organization's own."),
    ...problems,
  },
});

const createRoleRoute = createRoute({
  method: "post",
  path: "/v1/roles",
  operationId: "createRole",
  summary: "Make a role",
  description: "Needs the scope `roles:write`. A role allows nothing that its maker does not hold.",
  tags,
  ...needs("roles:write", jsonBody),
  request: { body: jsonRequest(newRoleSchema) },
  responses: { 201: json(roleSchema, "The role."), ...problems },
});

const changeRoleRoute = createRoute({
  method: "patch",
  path: "/v1/roles/{role}",
  operationId: "changeRole",
  summary: "Change what a role allows",
  description:
    "Needs the scope `roles:write`, and all that the role allows, before and after. When the call returns, its holders' tokens of before " +
    "are refused. Built-in roles can't be changed, and no role's name.",
  tags,
  ...needs("roles:write", jsonBody),
  request: { params: roleParam, body: jsonRequest(roleChangeSchema) },
  responses: { 200: json(roleSchema, "The role as it is now."), ...problems },
});

const deleteRoleRoute = createRoute({
  method: "delete",
  path: "/v1/roles/{role}",
  operationId: "deleteRole",
  summary: "Delete a role that nobody has",
  description:
    "Needs the scope `roles:write`, and all that the role allows. A role in use is refused, with who has it.",
  tags,
  ...needs("roles:write"),
  request: { params: roleParam },
  responses: { 204: { description: "The role is gone." }, ...problems },
});

/** What members may be. */
export const roleRoutes = createRouter()
  .openapi(listRolesRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const { tenantId } = c.var.caller;
    const own = (await listRoles(tenantId, c.var.services.db)).map(presentRole);
    const builtIn = builtInRolesOf(tenantId);
    const rest =
      after === undefined || builtIn.includes(after)
        ? [...builtIn.slice(builtIn.indexOf(after ?? "") + 1).map(presentBuiltIn), ...own]
        : own.filter(({ name }) => name > after);
    return c.json(
      toPage(
        rest,
        limit,
        ({ name }) => name,
        (role) => role,
      ),
      200,
    );
  })
  .openapi(createRoleRoute, async (c) => {
    const wish = c.req.valid("json");
    const making = await makeRole(c.var.caller.tenantId, c.var.services, wish, authorOf(c));
    switch (making.kind) {
      case "made":
        return c.json(presentRole(making.role), 201);
      case "role-exists":
        return problem(c, "role-exists", `There is a role "${wish.name}" already.`);
      case "too-many":
        return tooMany(c, "roles", MOST_ROLES);
      case "unknown-roles":
      case "excess":
        return refuseRights(c, making);
    }
  })
  .openapi(changeRoleRoute, async (c) => {
    const { role: name } = c.req.valid("param");
    const change = { name, ...c.req.valid("json") };
    const changing = await changeRole(c.var.caller.tenantId, c.var.services, change, authorOf(c));
    switch (changing.kind) {
      case "changed":
        return c.json(presentRole(changing.role), 200);
      case "role-not-found":
        return noRole(c, name);
      case "changed-meanwhile":
        return changedMeanwhile(c);
      case "unknown-roles":
      case "excess":
        return refuseRights(c, changing);
    }
  })
  .openapi(deleteRoleRoute, async (c) => {
    const { role: name } = c.req.valid("param");
    const deletion = await removeRole(c.var.caller.tenantId, c.var.services, name, authorOf(c));
    switch (deletion.kind) {
      case "deleted":
        return c.body(null, 204);
      case "role-not-found":
        return noRole(c, name);
      case "role-in-use":
        return refuseInUse(c, name, deletion.holders);
      case "unknown-roles":
      case "excess":
        return refuseRights(c, deletion);
    }
  });

function noRole(c: Context<AppEnv>, name: string) {
  const why = isBuiltInRole(name) ? `"${name}" is built in, and the same for all.` : `There is no role "${name}".`;
  return problem(c, "role-not-found", why);
}

function refuseInUse(c: Context<AppEnv>, name: string, { userIds, invited, isParents }: RoleHolders) {
  const detail = `The role "${name}" is in use: take it from its holders, and withdraw the invitations that promise it, first.`;
  return problem(c, "role-in-use", detail, { members: { members: userIds, invited, parent_access: isParents } });
}
