import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import * as z from "zod";
import { membershipOf, tenantsOf } from "../../members/members.service.ts";
import { type TenantId, isId } from "../../shared/ids.ts";
import type { AuthWorld } from "./auth-world.ts";

/** Somebody who is logged in. */
export interface LoggedIn {
  readonly user: { readonly id: string };
  readonly session: Readonly<Record<string, unknown>>;
}

/** The tenant that somebody works in: the one that they chose, or the only one that there is; undefined where they must choose. */
export async function tenantOfSession(
  { db }: Pick<AuthWorld, "db">,
  { user, session }: LoggedIn,
): Promise<TenantId | undefined> {
  if (!isId("usr", user.id)) return undefined;
  const tenantIds = await tenantsOf(db, user.id);
  const chosen = tenantIds.find((tenantId) => tenantId === session["tenantId"]);
  return chosen ?? (tenantIds.length === 1 ? tenantIds[0] : undefined);
}

/** `POST /auth/session-tenant`: choose the tenant that clients which one lets in from now on work in. */
export function sessionTenant({ db }: Pick<AuthWorld, "db">) {
  return {
    id: "session-tenant",
    endpoints: {
      chooseTenant: createAuthEndpoint(
        "/session-tenant",
        { method: "POST", body: z.object({ tenant_id: z.string() }), use: [sessionMiddleware] },
        async (ctx) => {
          const { user, session } = ctx.context.session;
          const { tenant_id: tenantId } = ctx.body;
          const isMember =
            isId("ten", tenantId) && isId("usr", user.id) && (await membershipOf(tenantId, db, user.id)) !== undefined;
          if (!isMember) {
            const description = "tenant_id: you belong to no such tenant.";
            throw new APIError("FORBIDDEN", { error: "access_denied", error_description: description });
          }
          await ctx.context.internalAdapter.updateSession(session.token, { tenantId });
          return ctx.json({ tenant_id: tenantId });
        },
      ),
    },
  } satisfies BetterAuthPlugin;
}
