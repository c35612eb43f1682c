import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";
import type { AttemptVerdict, GuessKind } from "../attempts.rules.ts";
import type { Guesser } from "../attempts.service.ts";
import { AUTH_ENDPOINTS, speaksOAuth } from "../auth-endpoints.rules.ts";
import { accountOf } from "./accounts.ts";
import type { AuthContext } from "./auth-world.ts";
import { recordAct, tellOfLock } from "./records.ts";
import { addressOf, outcomeOf } from "./request.ts";

/** Who guesses in which request: an answer may have ended what it could be told from. */
const guessers = new WeakMap<Request, Guesser>();

/** Refusals that mean that a secret was wrong, by what it guards. */
const WRONG: Readonly<Record<GuessKind, ReadonlySet<string>>> = {
  log_in: new Set(["INVALID_EMAIL_OR_PASSWORD", "INVALID_PASSWORD"]),
  second_factor: new Set(["INVALID_CODE", "INVALID_BACKUP_CODE"]),
};

/**
 * Every endpoint that is listed with an attempt is counted before anything else is done, and what became of a guess is told after.
 *
 * Stands behind the plugins that ask for further factors, so that a log-in counts as one when all of them were right.
 */
export function limits(world: AuthContext) {
  return {
    id: "attempt-limits",
    hooks: {
      before: [{ matcher: () => true, handler: createAuthMiddleware(async (ctx) => await count(world, ctx)) }],
      after: [{ matcher: () => true, handler: createAuthMiddleware(async (ctx) => await tell(world, ctx)) }],
    },
  } satisfies BetterAuthPlugin;
}

async function count({ attempts }: AuthContext, ctx: GenericEndpointContext): Promise<void> {
  const rule = AUTH_ENDPOINTS[ctx.path];
  if (!ctx.request) return;
  if (rule === undefined) throw new APIError("NOT_FOUND");
  if (typeof rule === "string") return;
  const account = await accountOf(ctx, rule.on);
  const address = addressOf(ctx.headers);
  if (account) guessers.set(ctx.request, { address, account });
  const verdict = await attempts.attempt(rule.attempt, { address, account });
  if (verdict.kind !== "allowed") throw refusal(ctx.path, verdict);
}

/** Say when to try again; the same whether there is such an account or not. */
function refusal(path: string, refused: Exclude<AttemptVerdict, { kind: "allowed" }>): APIError {
  const seconds = Math.max(1, Math.ceil(refused.retryAfterMs / 1000));
  const headers = { "Retry-After": String(seconds) };
  const message =
    refused.kind === "locked"
      ? `Too many attempts in a row have failed; try again in ${seconds} s.`
      : `Too many attempts were made ${refused.by === "address" ? "from this network" : "on this account"}; try again in ${seconds} s.`;
  if (speaksOAuth(path)) {
    return new APIError("TOO_MANY_REQUESTS", { error: "temporarily_unavailable", error_description: message }, headers);
  }
  const code = refused.kind === "locked" ? "ATTEMPTS_LOCKED" : "TOO_MANY_ATTEMPTS";
  return new APIError("TOO_MANY_REQUESTS", { code, message }, headers);
}

/** Tell that a secret was wrong, and the owner of the account when that locks it. */
export async function tellOfWrong(
  world: AuthContext,
  ctx: GenericEndpointContext,
  kind: GuessKind,
  guesser: Guesser,
): Promise<void> {
  const begun = await world.attempts.failed(kind, guesser);
  if (begun) await tellOfLock(world, ctx, { kind, account: guesser.account, lock: begun });
}

/** Tell of a guess what became of it: wrong, or right with all that was to be shown. */
async function tell(world: AuthContext, ctx: GenericEndpointContext): Promise<void> {
  const rule = AUTH_ENDPOINTS[ctx.path];
  const guesser = ctx.request && guessers.get(ctx.request);
  if (!guesser || rule === undefined || typeof rule === "string") return;
  const kind = rule.attempt;
  if (kind !== "log_in" && kind !== "second_factor") return;
  const { code, isRefused } = outcomeOf(ctx);
  if (code !== undefined && WRONG[kind].has(code)) {
    await tellOfWrong(world, ctx, kind, guesser);
    // an address that was typed is recorded of nobody: whether there is such an account plays no part
    const targetId = guesser.account.kind === "user" ? guesser.account.id : undefined;
    const act = kind === "log_in" ? "person.failed_to_log_in" : "second_factor.failed";
    await recordAct(world, ctx.headers, { act, targetId, after: { endpoint: ctx.path } });
    return;
  }
  if (isRefused || (rule.on === "email" && !ctx.context.newSession)) return;
  await world.attempts.succeeded(kind, guesser);
  const email = rule.on === "challenged" ? ctx.context.newSession?.user.email : undefined;
  if (email === undefined) return;
  await world.attempts.succeeded("log_in", { address: guesser.address, account: { kind: "email", id: email } });
}
