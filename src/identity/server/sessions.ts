import type { BetterAuthOptions, GenericEndpointContext } from "better-auth";
import { APIError } from "better-auth/api";
import { standingOf } from "../../members/standing.service.ts";
import { isId } from "../../shared/ids.ts";
import { SESSION_MS, sessionEndMs } from "../../tenants/security-policy.rules.ts";
import type { AuthContext } from "./auth-world.ts";
import { recordAct } from "./records.ts";

type SessionHooks = NonNullable<NonNullable<BetterAuthOptions["databaseHooks"]>["session"]>;

/** Log-ins that begin with two factors, or with what stands for two. */
const TWO_FACTORS: ReadonlySet<string> = new Set([
  "/two-factor/verify-totp",
  "/two-factor/verify-backup-code",
  "/passkey/verify-authentication",
]);

/** Endpoints that end log-ins because the person, or what they changed, asks for it. */
const REVOKES: ReadonlySet<string> = new Set([
  "/revoke-session",
  "/revoke-sessions",
  "/revoke-other-sessions",
  "/change-password",
  "/reset-password",
]);

/** How sessions last. */
export const sessionOptions = {
  expiresIn: SESSION_MS / 1000,
  updateAge: SESSION_MS / 7000,
  additionalFields: {
    tenantId: { type: "string", input: false, required: false },
    hasSecondFactor: { type: "boolean", input: false, required: false, defaultValue: false },
  },
} as const satisfies BetterAuthOptions["session"];

/** Sessions begin for who may come in, last as long as the person's tenants let them, and end in every cell before they end in D1. */
export function sessionHooks(world: AuthContext): SessionHooks {
  return {
    create: {
      before: async (session, ctx) => {
        const nowMs = world.now();
        const standing = isId("usr", session.userId) ? await standingOf(world.db, session.userId) : undefined;
        if (standing?.isSuspended) throw suspended();
        const endMs = standing ? sessionEndMs(standing.policy, nowMs, nowMs) : nowMs;
        const hasSecondFactor = ctx !== null && TWO_FACTORS.has(ctx.path);
        return { data: { expiresAt: earlier(session.expiresAt, endMs), hasSecondFactor } };
      },
    },
    update: {
      before: async (change, ctx) => {
        if (!change.expiresAt || !ctx) return undefined;
        const session = await sessionOf(ctx);
        const standing = session ? await standingOf(world.db, session.userId) : undefined;
        if (!session || !standing) return undefined;
        const endMs = sessionEndMs(standing.policy, session.createdAt.getTime(), world.now());
        return { data: { expiresAt: earlier(change.expiresAt, endMs) } };
      },
    },
    delete: {
      before: async ({ id, userId }) => {
        if (isId("ses", id) && isId("usr", userId)) await world.voidSession(userId, id);
      },
      after: async ({ id, userId }, ctx) => {
        const act = actOf(ctx);
        if (act) await recordAct(world, ctx?.headers, { act, userId, targetId: id });
      },
    },
  };
}

function actOf(ctx: GenericEndpointContext | null): "person.logged_out" | "session.revoked" | undefined {
  if (ctx?.path === "/sign-out") return "person.logged_out";
  return ctx && REVOKES.has(ctx.path) ? "session.revoked" : undefined;
}

function earlier(expiresAt: Date, endMs: number): Date {
  return new Date(Math.min(expiresAt.getTime(), endMs));
}

/** The session of the request's cookie: a hook of an update is told what changes, and not of what. */
async function sessionOf({ context, getSignedCookie }: GenericEndpointContext) {
  const token = await getSignedCookie(context.authCookies.sessionToken.name, context.secret);
  const found = typeof token === "string" ? await context.internalAdapter.findSession(token) : null;
  const userId = found?.session.userId ?? "";
  return found && isId("usr", userId) ? { userId, createdAt: found.session.createdAt } : undefined;
}

function suspended(): APIError {
  return new APIError("FORBIDDEN", { code: "ACCOUNT_SUSPENDED", message: "The account is suspended; ask for help." });
}
