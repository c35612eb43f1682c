import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { callerAddress } from "../http/caller-address.ts";
import type { AppEnv } from "../http/context.ts";
import { problem } from "../http/problem.ts";
import type { AttemptKind, AttemptVerdict } from "./attempts.rules.ts";
import type { Account } from "./attempts.service.ts";

/** On whose account a request tries something; undefined where it doesn't say. */
type AccountOf = (c: Context<AppEnv>) => Account | undefined | Promise<Account | undefined>;

/**
 * Let through who may make one more attempt of this kind, and count it; others get 429 with `Retry-After`.
 *
 * @param accountOf  reads the account from the request; what it reads of the body must be there for the route too
 */
export function limitAttempts(kind: AttemptKind, accountOf?: AccountOf) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const refused = await refusedAttempt(c, kind, await accountOf?.(c));
    if (!refused) await next();
    return refused;
  });
}

/** {@link limitAttempts} within a handler, which knows only then on whose account it is; undefined where the attempt may be made. */
export async function refusedAttempt(c: Context<AppEnv>, kind: AttemptKind, account: Account | undefined) {
  const verdict = await c.var.services.attempts.attempt(kind, { address: callerAddress(c), account });
  return verdict.kind === "allowed" ? undefined : refuseAttempt(c, verdict);
}

/** Say when to try again; the same whether there is such an account or not. */
function refuseAttempt(c: Context<AppEnv>, refused: Exclude<AttemptVerdict, { kind: "allowed" }>) {
  const seconds = Math.max(1, Math.ceil(refused.retryAfterMs / 1000));
  const headers = { "Retry-After": String(seconds) };
  if (refused.kind === "locked") {
    const detail = `Too many attempts in a row have failed; try again in ${seconds} s.`;
    return problem(c, "attempts-locked", detail, { headers });
  }
  const whose = refused.by === "address" ? "from this network" : "on this account";
  const detail = `Too many attempts were made ${whose}; try again in ${seconds} s.`;
  return problem(c, "too-many-attempts", detail, { headers, members: { by: refused.by } });
}
