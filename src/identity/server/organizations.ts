import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import * as z from "zod";
import { organizationName, presentOrganization } from "../../members/organizations.schemas.ts";
import { type Founding, foundOrganization, listOwnOrganizations } from "../../members/organizations.service.ts";
import { type Removal, leave } from "../../members/membership.service.ts";
import { isId } from "../../shared/ids.ts";
import { JURISDICTIONS, LOCATION_HINTS } from "../../shared/regions.ts";
import { defaultLimits } from "../../tenants/tenants.schemas.ts";
import type { AuthWorld } from "./auth-world.ts";
import { countAttempt, doerOf, personOf } from "./person.ts";

const newOrganization = z.strictObject({
  name: organizationName,
  /** Where its calls are counted, as near as may be; it stays there. */
  location_hint: z.enum(LOCATION_HINTS).optional(),
  /** Within which its calls are counted, and never elsewhere. */
  jurisdiction: z.enum(JURISDICTIONS).optional(),
  /** An organization of which the person may change things: it will see the new one's usage. */
  parent_id: z
    .string()
    .refine((id) => isId("ten", id), "must be an organization's id")
    .optional(),
});

/** What a person does about organizations before they have a token for one: making one, seeing theirs, leaving one. */
export function organizations(world: AuthWorld) {
  return {
    id: "organizations",
    endpoints: {
      createOrganization: createAuthEndpoint(
        "/organizations",
        { method: "POST", body: newOrganization, use: [sessionMiddleware] },
        async (ctx) => {
          const person = personOf(ctx.context.session.user);
          await countAttempt(world, "tenant_creation", person, ctx.headers);
          const { name, location_hint: locationHint, jurisdiction, parent_id: parentId } = ctx.body;
          const wish = { ...defaultLimits(), name, locationHint, jurisdiction, parentId };
          const founding = await foundOrganization(world, wish, person.id, doerOf(person, ctx.headers));
          if (founding.kind !== "founded") throw refuseFounding(founding);
          return ctx.json(presentOrganization(founding.tenant));
        },
      ),
      listOrganizations: createAuthEndpoint(
        "/organizations",
        { method: "GET", use: [sessionMiddleware] },
        async (ctx) => {
          const { id } = personOf(ctx.context.session.user);
          return ctx.json({ data: await listOwnOrganizations(world.db, id) });
        },
      ),
      leaveOrganization: createAuthEndpoint(
        "/organizations/:id/leave",
        { method: "POST", use: [sessionMiddleware] },
        async (ctx) => {
          const person = personOf(ctx.context.session.user);
          const { id } = ctx.params;
          if (!isId("ten", id)) throw refuseLeaving({ kind: "member-not-found" });
          const removal = await leave(id, world, person.id, doerOf(person, ctx.headers));
          if (removal.kind !== "removed") throw refuseLeaving(removal);
          return ctx.json({ status: true });
        },
      ),
    },
  } satisfies BetterAuthPlugin;
}

function refuseFounding(refusal: Exclude<Founding, { kind: "founded" }>): APIError {
  switch (refusal.kind) {
    case "jurisdiction-unavailable": {
      const message = `jurisdiction: what runs this service can't keep an organization within "${refusal.jurisdiction}".`;
      return new APIError("NOT_IMPLEMENTED", { code: "JURISDICTION_UNAVAILABLE", message });
    }
    case "parent-not-found": {
      const message = "parent_id: there is no such organization, or you may not change it (organization:write).";
      return new APIError("NOT_FOUND", { code: "PARENT_NOT_FOUND", message });
    }
    case "no-place": {
      const message = "parent_id: there are as many generations or children as there may be.";
      return new APIError("CONFLICT", { code: "NO_PLACE_BELOW", message });
    }
  }
}

function refuseLeaving({ kind }: Exclude<Removal, { kind: "removed" }>): APIError {
  switch (kind) {
    case "last-owner": {
      const message = "The organization would have no owner: make somebody else one first.";
      return new APIError("CONFLICT", { code: "LAST_OWNER", message });
    }
    case "changed-meanwhile":
      return new APIError("CONFLICT", {
        code: "CHANGED_MEANWHILE",
        message: "Your roles were changed at the same time; try again.",
      });
    case "member-not-found":
    case "unknown-roles":
    case "excess":
      return new APIError("NOT_FOUND", {
        code: "MEMBER_NOT_FOUND",
        message: "You are no member of such an organization.",
      });
  }
}
