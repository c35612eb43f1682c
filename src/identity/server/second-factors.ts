import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";
import { challengedUserId } from "./accounts.ts";
import type { AuthContext } from "./auth-world.ts";
import { tellOfWrong } from "./limits.ts";
import { recordAct } from "./records.ts";
import { addressOf, outcomeOf, textOf } from "./request.ts";

/** Codes change each 30 s, and are taken one step early or late. */
const CODE_LIVES_MS = 90_000;

const VERIFIES: ReadonlySet<string> = new Set(["/two-factor/verify-totp", "/two-factor/verify-backup-code"]);

/**
 * What the second factor asks for beyond better-auth: a code counts once, and no device is let off.
 *
 * A code is reserved in D1, by a row that there can be but one of, before it is looked at: of two that come at the same time, one
 * is refused, as is whoever looked over the person's shoulder.
 *
 * @see RFC 6238 section 5.2
 */
export function secondFactors(world: AuthContext) {
  return {
    id: "second-factors",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path !== undefined && VERIFIES.has(path),
          handler: createAuthMiddleware(async (ctx) => {
            if (ctx.path === "/two-factor/verify-totp") await useUp(world, ctx);
            return { context: { body: { trustDevice: false, disableSession: false } } };
          }),
        },
      ],
      after: [
        {
          matcher: ({ path }) => path !== undefined && VERIFIES.has(path),
          handler: createAuthMiddleware(async (ctx) => {
            const { session, newSession, internalAdapter } = ctx.context;
            if (outcomeOf(ctx).isRefused || !session || newSession) return;
            // who is logged in already, with a password or by a provider, has shown a second factor now
            await internalAdapter.updateSession(session.session.token, { hasSecondFactor: true });
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

async function useUp(world: AuthContext, ctx: GenericEndpointContext): Promise<void> {
  const [code, userId] = [textOf(ctx.body, "code"), await challengedUserId(ctx)];
  if (code === undefined || userId === undefined) return;
  const isFirst = await ctx.context.internalAdapter.reserveVerificationValue({
    identifier: `used-code:${userId}:${code}`,
    value: userId,
    expiresAt: new Date(world.now() + CODE_LIVES_MS),
  });
  if (isFirst) return;
  await recordAct(world, ctx.headers, {
    act: "second_factor.failed",
    targetId: userId,
    after: { reason: "used twice" },
  });
  await tellOfWrong(world, ctx, "second_factor", {
    address: addressOf(ctx.headers),
    account: { kind: "user", id: userId },
  });
  throw new APIError("UNAUTHORIZED", { code: "INVALID_CODE", message: "Invalid code" });
}
