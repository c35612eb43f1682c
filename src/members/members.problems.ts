import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { doerOf } from "../http/doer.ts";
import { problem } from "../http/problem.ts";
import type { RightsRefusal } from "./members.rules.ts";
import type { Author, MembershipRefusal } from "./membership.service.ts";

/** Who calls, as those who change memberships and roles see it. */
export function authorOf(c: Context<AppEnv>): Author {
  return { ...doerOf(c), held: c.var.caller.scopes };
}

/** Say what the caller lacks, or which roles there are not. @param field  the member of the body that names roles or grants */
export function refuseRights(c: Context<AppEnv>, refusal: RightsRefusal, field = "roles") {
  if (refusal.kind === "unknown-roles") {
    const detail = `${field}: there is no role ${refusal.roles.join(", ")} to be given here; GET /v1/roles lists those that there are.`;
    return problem(c, "invalid-request", detail);
  }
  const detail = `This takes ${refusal.grants.join(", ")}, which your own credential lacks: nobody gives, changes or takes away what they don't have.`;
  return problem(c, "insufficient-scope", detail, { members: { required: refusal.grants, held: c.var.caller.scopes } });
}

/** Say why a membership stays as it is. */
export function refuseMembership(c: Context<AppEnv>, userId: string, refusal: MembershipRefusal) {
  switch (refusal.kind) {
    case "member-not-found":
      return noMember(c, userId);
    case "last-owner":
      return problem(c, "last-owner", "The organization would have no owner: make somebody else one first.");
    case "changed-meanwhile":
      return changedMeanwhile(c);
    case "unknown-roles":
    case "excess":
      return refuseRights(c, refusal);
  }
}

export function noMember(c: Context<AppEnv>, userId: string) {
  return problem(c, "member-not-found", `There is no member "${userId}".`);
}

export function changedMeanwhile(c: Context<AppEnv>) {
  return problem(
    c,
    "changed-meanwhile",
    "Somebody else changed it at the same time; nothing was done. Look again, and repeat it.",
  );
}

export function tooMany(c: Context<AppEnv>, what: string, most: number) {
  return problem(c, "quota-reached", `There are ${most} ${what} already, which is as many as there may be.`);
}

export function noTeam(c: Context<AppEnv>, id: string) {
  return problem(c, "team-not-found", `There is no team "${id}".`);
}
