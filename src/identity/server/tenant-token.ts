import type { BetterAuthPlugin } from "better-auth";
import { createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import { type JwtOptions, signJWT } from "better-auth/plugins/jwt";
import * as z from "zod";
import { API_AUDIENCE } from "../access-tokens.ts";
import { GRANTS, grantFrom } from "../permissions.rules.ts";
import type { AuthWorld } from "./auth-world.ts";
import { accessTokenClaims } from "./claims.ts";

/** The client that people use without any other program: this deployment's own pages. */
const FIRST_PARTY_CLIENT = "tensorgate";

const bodySchema = z.object({
  tenant_id: z.string(),
  /** What the token is to allow at most, parted by spaces; all that the person's roles allow when left out. */
  scope: z.string().optional(),
});

/**
 * `POST /auth/tenant-token`: who is logged in gets an access token for a tenant that they belong to.
 *
 * The API takes no cookie, so that no other site can make a browser call it: its pages exchange theirs here.
 */
export function tenantToken(world: AuthWorld, jwtOptions: JwtOptions, lifetimeSeconds: number) {
  return {
    id: "tenant-token",
    endpoints: {
      tenantToken: createAuthEndpoint(
        "/tenant-token",
        { method: "POST", body: bodySchema, use: [sessionMiddleware] },
        async (ctx) => {
          const { user, session } = ctx.context.session;
          const { tenant_id: referenceId, scope: asked } = ctx.body;
          const scopes = asked?.split(" ").filter((text) => grantFrom(text) !== undefined) ?? ALL_GRANTS;
          const logIn = {
            hasSecondFactor: session["hasSecondFactor"] === true,
            createdAtMs: session.createdAt.getTime(),
          };
          const claims = await accessTokenClaims(world, { user, referenceId, client: {}, scopes, logIn });
          const scope = claims.permissions.join(" ");
          const issuedAtSeconds = Math.floor(claims.iat_ms / 1000);
          const token = await signJWT(ctx, {
            options: jwtOptions,
            header: { typ: "at+jwt" },
            payload: {
              ...claims,
              sub: user.id,
              aud: API_AUDIENCE,
              client_id: FIRST_PARTY_CLIENT,
              sid: session.id,
              scope,
              iat: issuedAtSeconds,
              exp: issuedAtSeconds + lifetimeSeconds,
              jti: crypto.randomUUID(),
            },
          });
          return ctx.json({ access_token: token, token_type: "Bearer", expires_in: lifetimeSeconds, scope });
        },
      ),
    },
  } satisfies BetterAuthPlugin;
}

const ALL_GRANTS: readonly string[] = GRANTS;
