import type { BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { isId } from "../../shared/ids.ts";
import { recordAct } from "./acts.ts";
import type { AuthWorld } from "./auth-world.ts";
import { fieldOf } from "./default-resource.ts";
import type { providerOf } from "./provider.ts";
import { tenantOfSession } from "./session-tenant.ts";

type EndpointContext = Parameters<typeof providerOf>[0];

/** What somebody allowed a client, in one tenant. */
interface Consent {
  readonly clientId: string;
  readonly referenceId?: string | null;
}

/** What people allow clients is recorded, and what they take back is void at once. */
export function consents(world: AuthWorld) {
  return {
    id: "consents",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path === "/oauth2/delete-consent",
          handler: createAuthMiddleware(async (ctx) => {
            await takeBack(world, ctx);
          }),
        },
      ],
      after: [
        {
          matcher: ({ path }) => path === "/oauth2/consent",
          handler: createAuthMiddleware(async (ctx) => {
            if (fieldOf(ctx.context.returned, "url") !== undefined) await recordConsent(world, ctx);
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

/**
 * The client's refresh tokens go, and with them every access token of the person in that tenant: those of the client can't be told
 * apart. What the person uses themselves gets new ones.
 */
async function takeBack(world: AuthWorld, ctx: EndpointContext): Promise<void> {
  const [loggedIn, id] = [await getSessionFromCtx(ctx), fieldOf(ctx.body, "id")];
  if (!loggedIn || typeof id !== "string") return; // the endpoint says so
  const own = { field: "userId", value: loggedIn.user.id };
  const where = [{ field: "id", value: id }, own];
  const consent = await ctx.context.adapter.findOne<Consent>({ model: "oauthConsent", where });
  const tenantId = consent?.referenceId ?? "";
  if (!consent || !isId("ten", tenantId)) return;
  const { clientId } = consent;
  const tokens = [{ field: "clientId", value: clientId }, own, { field: "referenceId", value: tenantId }];
  await ctx.context.adapter.deleteMany({ model: "oauthRefreshToken", where: tokens });
  await world.refuseBefore(tenantId, "user", loggedIn.user.id, world.now() + 1);
  const actor = { kind: "user", id: loggedIn.user.id } as const;
  await recordAct(world, ctx.request, { act: "token.revoked", actor, tenantId, targetId: clientId });
}

async function recordConsent(world: AuthWorld, ctx: EndpointContext): Promise<void> {
  const [loggedIn, query] = [await getSessionFromCtx(ctx), fieldOf(ctx.body, "oauth_query")];
  if (!loggedIn || fieldOf(ctx.body, "accept") !== true || typeof query !== "string") return;
  const tenantId = await tenantOfSession(world, loggedIn);
  const asked = new URLSearchParams(query);
  if (tenantId === undefined) return;
  const actor = { kind: "user", id: loggedIn.user.id } as const;
  const after = { scope: fieldOf(ctx.body, "scope") ?? asked.get("scope") };
  const targetId = asked.get("client_id") ?? "";
  await recordAct(world, ctx.request, { act: "client.allowed", actor, tenantId, targetId, after });
}
