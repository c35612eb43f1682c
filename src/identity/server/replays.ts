import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";
import { decodeJwt } from "jose";
import * as z from "zod";
import { type TenantId, isId } from "../../shared/ids.ts";
import { recordAct } from "./acts.ts";
import type { AuthWorld } from "./auth-world.ts";
import { fieldOf } from "./default-resource.ts";
import { findRefreshToken, providerOf } from "./provider.ts";

type EndpointContext = Parameters<typeof providerOf>[0];

/** How long it is remembered what a code was exchanged for: as long as codes live. */
const CODE_MEMORY_MS = 600_000;

/** What a code was exchanged for. */
const redeemedSchema = z.object({ tid: z.string(), sid: z.string(), client_id: z.string() });

/**
 * A code or a refresh token that comes a second time was stolen, from one side or the other: beside the refresh tokens, which the
 * provider deletes, the access tokens of the same log-in are void.
 *
 * @see RFC 9700 sections 2.1.1 and 4.14.2
 */
export function replays(world: AuthWorld) {
  return {
    id: "replays",
    hooks: {
      before: [{ matcher: isTokenRequest, handler: voidWhatWasStolen(world) }],
      after: [
        {
          matcher: isTokenRequest,
          handler: createAuthMiddleware(async (ctx) => await rememberCode(ctx, ctx.context.returned)),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

function isTokenRequest({ path }: { readonly path?: string | undefined }): boolean {
  return path === "/oauth2/token";
}

function voidWhatWasStolen(world: AuthWorld) {
  return createAuthMiddleware(async (ctx) => {
    const [code, refreshToken] = [fieldOf(ctx.body, "code"), fieldOf(ctx.body, "refresh_token")];
    if (typeof refreshToken === "string") await checkRefreshToken(world, ctx, refreshToken);
    if (typeof code === "string") await checkCode(world, ctx, code);
  });
}

async function checkRefreshToken(world: AuthWorld, ctx: EndpointContext, token: string): Promise<void> {
  const row = await findRefreshToken(ctx, token);
  if (!row) return;
  const { clientId, sessionId, referenceId, authorizationCodeId } = row;
  const isReused = row.revoked !== null && row.revoked !== undefined;
  const isDevices = typeof authorizationCodeId !== "string";
  const isLoggedOut = isDevices && !(await isLoggedIn(ctx, sessionId ?? ""));
  if (!isReused && !isLoggedOut) return;
  const { client } = await providerOf(ctx).authenticateClient({ requireCredentials: false });
  if (client.clientId !== clientId) return; // the provider refuses it, and nothing is lost
  if (isReused && typeof sessionId === "string" && isId("ten", referenceId ?? "")) {
    await voidLogIn(world, ctx, { tid: referenceId ?? "", sid: sessionId, client_id: clientId });
  }
  // Whoever ended the device's log-in meant the device to be out; and it ends by itself.
  if (isLoggedOut) throw new APIError("BAD_REQUEST", LOGGED_OUT);
}

async function isLoggedIn(ctx: EndpointContext, sessionId: string): Promise<boolean> {
  const where = [{ field: "id", value: sessionId }];
  const session = await ctx.context.adapter.findOne<{ expiresAt: Date }>({ model: "session", where });
  return session !== null && session.expiresAt.getTime() > Date.now();
}

const LOGGED_OUT = { error: "invalid_grant", error_description: "The device was logged out." };

async function checkCode(world: AuthWorld, ctx: EndpointContext, code: string): Promise<void> {
  const remembered = await ctx.context.internalAdapter.findVerificationValue(await memoryOf(ctx, code));
  if (!remembered) return;
  const redeemed = redeemedSchema.parse(JSON.parse(remembered.value));
  const { client } = await providerOf(ctx).authenticateClient({ requireCredentials: false });
  if (client.clientId === redeemed.client_id) await voidLogIn(world, ctx, redeemed);
}

/** Void the access tokens of a log-in that were issued until now. Whoever is logged in there gets new ones; a thief gets none. */
async function voidLogIn(world: AuthWorld, ctx: EndpointContext, of: z.infer<typeof redeemedSchema>): Promise<void> {
  const { tid, sid, client_id: clientId } = of;
  if (!isId("ten", tid)) return;
  const tenantId: TenantId = tid;
  await world.refuseBefore(tenantId, "session", sid, world.now() + 1);
  const actor = { kind: "client", id: clientId } as const;
  await recordAct(world, ctx.request, { act: "token.reused", actor, tenantId, targetId: sid });
}

async function rememberCode(ctx: EndpointContext, answer: unknown): Promise<void> {
  const code = fieldOf(ctx.body, "code");
  const token = fieldOf(answer, "access_token");
  if (typeof code !== "string" || typeof token !== "string") return;
  const redeemed = redeemedSchema.safeParse(decodeJwt(token));
  if (!redeemed.success) return;
  await ctx.context.internalAdapter.createVerificationValue({
    identifier: await memoryOf(ctx, code),
    value: JSON.stringify(redeemed.data),
    expiresAt: new Date(Date.now() + CODE_MEMORY_MS),
  });
}

async function memoryOf(ctx: EndpointContext, code: string): Promise<string> {
  return `redeemed ${await providerOf(ctx).hashToken(code, "authorization_code")}`;
}
