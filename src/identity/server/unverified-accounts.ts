import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth";
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { decodeJwt } from "jose";
import { deleteUnverified } from "../people.store.ts";
import type { AuthContext } from "./auth-world.ts";
import { textOf } from "./request.ts";

/** The parameter that binds the link of a mail to the account that it was sent for. */
const ACCOUNT_PARAMETER = "account";

/** A link to confirm an address, which works for this account alone and not for a later one of the same address. */
export function linkFor(url: string, userId: string): string {
  const link = new URL(url);
  link.searchParams.set(ACCOUNT_PARAMETER, userId);
  return link.href;
}

/**
 * An account whose address nobody has confirmed is nobody's: it makes room for whoever takes the address next, so that no password
 * of a stranger waits in it for the owner of the address; and a link that was mailed for it confirms no other.
 */
export function unverifiedAccounts(world: AuthContext) {
  const handlers: Readonly<Record<string, (ctx: GenericEndpointContext) => Promise<void>>> = {
    "/sign-up/email": async ({ body }) => {
      await makeRoom(world, textOf(body, "email"));
    },
    "/change-email": async ({ body }) => {
      await makeRoom(world, textOf(body, "newEmail"));
    },
    "/verify-email": async (ctx) => {
      await checkLink(world, ctx);
    },
  };
  return {
    id: "unverified-accounts",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path !== undefined && Object.hasOwn(handlers, path),
          handler: createAuthMiddleware(async (ctx) => await handlers[ctx.path]?.(ctx)),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

async function makeRoom({ db }: AuthContext, email: string | undefined): Promise<void> {
  if (email !== undefined) await deleteUnverified(db, email);
}

async function checkLink(world: AuthContext, ctx: GenericEndpointContext): Promise<void> {
  const { email, updateTo, isLast } = readToken(textOf(ctx.query, "token") ?? "");
  // better-auth verifies the token, and refuses one that names nobody
  if (email === undefined) return;
  const holder = (await ctx.context.internalAdapter.findUserByEmail(email))?.user;
  if (holder?.id !== textOf(ctx.query, ACCOUNT_PARAMETER)) throw linkRefused("The link was sent for another account.");
  if (updateTo === undefined || !isLast) return;
  // better-auth would log in whoever has the link, past the password and the second factor
  const session = await getSessionFromCtx(ctx);
  if (session?.user.id !== holder?.id) throw linkRefused("Log in to your account first; then follow the link again.");
  await makeRoom(world, updateTo);
  if (await ctx.context.internalAdapter.findUserByEmail(updateTo)) throw linkRefused("The address is in use.");
}

/** What a token says, whoever signed it. */
function readToken(token: string): { email?: string; updateTo?: string; isLast?: boolean } {
  try {
    const { email, updateTo, requestType } = decodeJwt(token);
    if (typeof email !== "string") return {};
    return typeof updateTo === "string"
      ? { email, updateTo, isLast: requestType !== "change-email-confirmation" }
      : { email };
  } catch {
    return {};
  }
}

function linkRefused(message: string): APIError {
  return new APIError("UNAUTHORIZED", { code: "INVALID_TOKEN", message });
}
