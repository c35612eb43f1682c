import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { refusedAttempt } from "../identity/limit-attempts.ts";
import { needs } from "../identity/needs.ts";
import { isId } from "../shared/ids.ts";
import { invitationParam, invitationSchema, newInvitationSchema, presentInvitation } from "./invitations.schemas.ts";
import {
  type Inviter,
  type Inviting,
  invite,
  mayInvite,
  openInvitation,
  resend,
  withdraw,
} from "./invitations.service.ts";
import { listInvitations } from "./invitations.store.ts";
import { authorOf, refuseRights, tooMany } from "./members.problems.ts";
import { MOST_MEMBERS } from "./members.rules.ts";

const tags = ["Members"];

const listInvitationsRoute = createRoute({
  method: "get",
  path: "/v1/invitations",
  operationId: "listInvitations",
  summary: "List invitations that were not accepted",
  description: "Needs the scope `members:read`.",
  tags,
  ...needs("members:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(invitationSchema), "One page of invitations, oldest first."), ...problems },
});

const createInvitationRoute = createRoute({
  method: "post",
  path: "/v1/invitations",
  operationId: "createInvitation",
  summary: "Invite somebody by e-mail",
  description:
    "Needs the scope `members:write`, and all that the roles allow, now and when the invitation is accepted. It holds for seven days, for " +
    "who shows that the address is theirs; an older one to the same address is dead.",
  tags,
  ...needs("members:write", jsonBody),
  request: { body: jsonRequest(newInvitationSchema) },
  responses: { 201: json(invitationSchema, "The invitation. Its token is in the mail alone."), ...problems },
});

const resendInvitationRoute = createRoute({
  method: "post",
  path: "/v1/invitations/{invitation_id}/resend",
  operationId: "resendInvitation",
  summary: "Send an invitation again",
  description:
    "Needs the scope `members:write`, and all that the roles allow. It holds for seven more days, and the link of the mail before is dead.",
  tags,
  ...needs("members:write"),
  request: { params: invitationParam },
  responses: { 200: json(invitationSchema, "The invitation as it is now."), ...problems },
});

const withdrawInvitationRoute = createRoute({
  method: "delete",
  path: "/v1/invitations/{invitation_id}",
  operationId: "withdrawInvitation",
  summary: "Withdraw an invitation",
  description: "Needs the scope `members:write`. When the call returns, it can't be accepted.",
  tags,
  ...needs("members:write"),
  request: { params: invitationParam },
  responses: { 204: { description: "The invitation is withdrawn." }, ...problems },
});

/** Who is asked to join a tenant. */
export const invitationRoutes = createRouter()
  .openapi(listInvitationsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const rows = await listInvitations(c.var.caller.tenantId, c.var.services.db, { limit, after });
    return c.json(
      toPage(rows, limit, (row) => row.id, presentInvitation),
      200,
    );
  })
  .openapi(createInvitationRoute, async (c) => {
    const wish = c.req.valid("json");
    const { tenantId } = c.var.caller;
    const refusal = await mayInvite(tenantId, c.var.services, wish, inviterOf(c));
    if (refusal) return refuseInviting(c, refusal);
    const limited = await refuseOften(c, wish.email);
    if (limited) return limited;
    const inviting = await invite(tenantId, c.var.services, wish, inviterOf(c));
    return inviting.kind === "invited"
      ? c.json(presentInvitation(inviting.invitation), 201)
      : refuseInviting(c, inviting);
  })
  .openapi(resendInvitationRoute, async (c) => {
    const { invitation_id: id } = c.req.valid("param");
    const { tenantId } = c.var.caller;
    const invitation = isId("inv", id) ? await openInvitation(tenantId, c.var.services, id) : undefined;
    if (!invitation) return noInvitation(c);
    const refusal = await mayInvite(tenantId, c.var.services, invitation, inviterOf(c));
    if (refusal) return refuseInviting(c, refusal);
    const limited = await refuseOften(c, invitation.email);
    if (limited) return limited;
    const inviting = await resend(tenantId, c.var.services, invitation, inviterOf(c));
    return inviting.kind === "invited"
      ? c.json(presentInvitation(inviting.invitation), 200)
      : refuseInviting(c, inviting);
  })
  .openapi(withdrawInvitationRoute, async (c) => {
    const { invitation_id: id } = c.req.valid("param");
    const isDone = isId("inv", id) && (await withdraw(c.var.caller.tenantId, c.var.services, id, authorOf(c)));
    return isDone ? c.body(null, 204) : noInvitation(c);
  });

function inviterOf(c: Context<AppEnv>): Inviter {
  return { ...authorOf(c), callerId: c.var.caller.callerId };
}

/** Who invites too often, and who is invited too often by whomever, is left alone for a while. */
async function refuseOften(c: Context<AppEnv>, email: string) {
  const byInviter = await refusedAttempt(c, "invitation", { kind: "user", id: c.var.caller.callerId });
  return byInviter ?? (await refusedAttempt(c, "invitation_mail", { kind: "email", id: email }));
}

function refuseInviting(c: Context<AppEnv>, refusal: Exclude<Inviting, { kind: "invited" }>) {
  switch (refusal.kind) {
    case "already-a-member":
      return problem(
        c,
        "already-a-member",
        "email: this person is a member already; PATCH /v1/members/{user_id} changes roles.",
      );
    case "too-many":
      return tooMany(c, "members and open invitations", MOST_MEMBERS);
    case "not-an-inviter":
      return problem(c, "insufficient-scope", "A client can't invite: let a person do it, or an API key.");
    case "invitation-not-found":
      return noInvitation(c);
    case "unknown-roles":
    case "excess":
      return refuseRights(c, refusal);
  }
}

function noInvitation(c: Context<AppEnv>) {
  return problem(c, "invitation-not-found", "There is no open invitation of this id.");
}
