import { waitUntil } from "cloudflare:workers";
import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";
import { decodeJwt } from "jose";
import { isId } from "../../shared/ids.ts";
import type { VerifiedToken } from "../access-tokens.ts";
import { recordAct } from "./acts.ts";
import type { AuthWorld } from "./auth-world.ts";
import { fieldOf } from "./default-resource.ts";
import { type RefreshTokenRow, findRefreshToken, providerOf } from "./provider.ts";

type EndpointContext = Parameters<typeof providerOf>[0];

/**
 * Revocation, introspection and user information for access tokens that can be void before they expire: the provider believes any JWT
 * with its signature, and fails on those without.
 *
 * @see RFC 7009, RFC 7662
 */
export function revocation(world: AuthWorld) {
  return {
    id: "revocation",
    hooks: {
      before: [
        { matcher: ({ path }) => path === "/oauth2/revoke", handler: revokeToken(world) },
        { matcher: ({ path }) => path === "/oauth2/introspect", handler: introspect(world) },
        { matcher: ({ path }) => path === "/oauth2/userinfo", handler: refuseVoid(world) },
      ],
    },
  } satisfies BetterAuthPlugin;
}

/** What is no token, or not the client's, is answered like one that was revoked: it can't be used either way. */
function revokeToken(world: AuthWorld) {
  return createAuthMiddleware(async (ctx) => {
    const token = tokenOf(ctx);
    if (token === undefined) return undefined; // the endpoint says so
    const { client } = await providerOf(ctx).authenticateClient({ requireCredentials: false });
    const read = await world.readToken(token, { waitUntil });
    if (read.kind === "verified") {
      if (clientOf(read) === client.clientId) await revokeAccessToken(world, ctx, read);
      return ctx.json({});
    }
    const row = await findRefreshToken(ctx, token);
    if (row?.clientId === client.clientId) await revokeFamily(world, ctx, row);
    return ctx.json({});
  });
}

async function revokeAccessToken(world: AuthWorld, ctx: EndpointContext, read: VerifiedToken): Promise<void> {
  const { tenantId, credential } = read;
  const { token: targetId = "", client = "" } = credential.subjects;
  await world.refuseBefore(tenantId, "token", targetId, Number.MAX_SAFE_INTEGER);
  const actor = { kind: "client", id: client } as const;
  await recordAct(world, ctx.request, { act: "token.revoked", actor, tenantId, targetId });
}

/** The refresh token with all that was rotated out of the same grant, and the access tokens of its log-in that were issued so far. */
async function revokeFamily(world: AuthWorld, ctx: EndpointContext, row: RefreshTokenRow): Promise<void> {
  const { id, clientId, userId, sessionId, authorizationCodeId, referenceId } = row;
  const tenantId = referenceId ?? "";
  if (typeof sessionId === "string" && isId("ten", tenantId)) {
    await world.refuseBefore(tenantId, "session", sessionId, world.now() + 1);
  }
  const grant =
    typeof authorizationCodeId === "string"
      ? { field: "authorizationCodeId", value: authorizationCodeId }
      : { field: "sessionId", value: sessionId ?? null };
  const owner = [
    { field: "clientId", value: clientId },
    { field: "userId", value: userId },
  ] as const;
  await ctx.context.adapter.deleteMany({ model: "oauthRefreshToken", where: [...owner, grant] });
  if (!isId("ten", tenantId)) return;
  const actor = { kind: "client", id: clientId } as const;
  await recordAct(world, ctx.request, { act: "token.revoked", actor, tenantId, targetId: id });
}

/** A client may ask about tokens that it was given, and about those for the tenant that owns it. */
function introspect(world: AuthWorld) {
  return createAuthMiddleware(async (ctx) => {
    const token = tokenOf(ctx);
    if (token === undefined) return undefined;
    const { client } = await providerOf(ctx).authenticateClient();
    if (!looksLikeJwt(token)) return { context: { body: { token_type_hint: "refresh_token" } } };
    const read = await world.readToken(token, { waitUntil });
    if (read.kind !== "verified") return ctx.json({ active: false });
    const isConcerned = clientOf(read) === client.clientId || read.tenantId === client.referenceId;
    if (!isConcerned || (await world.isVoid(read.tenantId, read.credential))) return ctx.json({ active: false });
    return ctx.json({ ...decodeJwt(token), active: true, token_type: "Bearer" });
  });
}

function refuseVoid(world: AuthWorld) {
  return createAuthMiddleware(async (ctx) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(ctx.headers?.get("Authorization") ?? "") ?? [];
    const read = await world.readToken(token ?? fieldText(ctx.body, "access_token") ?? "", { waitUntil });
    if (read.kind === "verified" && !(await world.isVoid(read.tenantId, read.credential))) return;
    const body = { error: "invalid_token", error_description: "The access token is not valid, or no longer." };
    throw new APIError("UNAUTHORIZED", body, { "WWW-Authenticate": 'Bearer error="invalid_token"' });
  });
}

function looksLikeJwt(token: string): boolean {
  return token.split(".").length === 3;
}

function clientOf({ credential }: VerifiedToken): string | undefined {
  return credential.subjects.client;
}

function tokenOf(ctx: EndpointContext): string | undefined {
  return fieldText(ctx.body, "token");
}

function fieldText(body: unknown, name: string): string | undefined {
  const value = fieldOf(body, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
