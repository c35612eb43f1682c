import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import * as z from "zod";
import { type Acceptance, accept, readOffer } from "../../members/acceptance.service.ts";
import { toTimestamp } from "../../shared/clock.ts";
import type { AuthWorld } from "./auth-world.ts";
import { doerOf, personOf } from "./person.ts";

/** The token of an invitation's mail: 256 bits, so that nobody guesses one. */
const withToken = z.strictObject({ token: z.string().min(1).max(100) });

/** What a person does with an invitation that they got by e-mail. */
export function invitations(world: AuthWorld) {
  return {
    id: "invitations",
    endpoints: {
      readInvitation: createAuthEndpoint(
        "/invitations",
        { method: "GET", query: withToken, use: [sessionMiddleware] },
        async (ctx) => {
          const person = personOf(ctx.context.session.user);
          const offer = await readOffer(world, ctx.query.token, person);
          if (offer.kind !== "offered") throw refuseAcceptance(offer);
          const { tenantId, organization, roles, inviter, expiresAtMs } = offer;
          const about = { id: tenantId, name: organization };
          return ctx.json({ organization: about, roles, inviter, expires_at: toTimestamp(expiresAtMs) });
        },
      ),
      acceptInvitation: createAuthEndpoint(
        "/invitations/accept",
        { method: "POST", body: withToken, use: [sessionMiddleware] },
        async (ctx) => {
          const person = personOf(ctx.context.session.user);
          const acceptance = await accept(world, ctx.body.token, person, doerOf(person, ctx.headers));
          if (acceptance.kind !== "accepted") throw refuseAcceptance(acceptance);
          return ctx.json({ tenant_id: acceptance.tenantId, roles: acceptance.roles });
        },
      ),
    },
  } satisfies BetterAuthPlugin;
}

function refuseAcceptance({ kind }: Exclude<Acceptance, { kind: "accepted" }>): APIError {
  switch (kind) {
    case "invitation-not-found": {
      const message = "The invitation is over: it expired, was withdrawn, or was used. Ask for another.";
      return new APIError("NOT_FOUND", { code: "INVITATION_NOT_FOUND", message });
    }
    case "other-address": {
      const message =
        "The invitation is for another address, or yours is not verified yet: log in with the one that it was sent to.";
      return new APIError("FORBIDDEN", { code: "OTHER_ADDRESS", message });
    }
    case "inviter-lost-right": {
      const message = "Who invited you may not give these roles any more. Ask for another invitation.";
      return new APIError("FORBIDDEN", { code: "INVITER_LOST_RIGHT", message });
    }
  }
}
