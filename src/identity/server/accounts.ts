import type { GenericEndpointContext } from "better-auth";
import { getSessionFromCtx } from "better-auth/api";
import type { Account } from "../attempts.service.ts";
import type { AUTH_ENDPOINTS } from "../auth-endpoints.rules.ts";
import { textOf } from "./request.ts";

type AccountSource = Exclude<(typeof AUTH_ENDPOINTS)[string], string>["on"];

/** On whose account a call to the authorization server tries something; undefined where it doesn't say. */
export async function accountOf(ctx: GenericEndpointContext, source: AccountSource): Promise<Account | undefined> {
  switch (source) {
    case "email":
      return accountFrom("email", textOf(ctx.body, "email"));
    case "new-email":
      return accountFrom("email", textOf(ctx.body, "newEmail"));
    case "session":
      return accountFrom("user", (await getSessionFromCtx(ctx))?.user.id);
    case "challenged":
      return accountFrom("user", await challengedUserId(ctx));
    case "device":
      return accountFrom("device_code", textOf(ctx.body, "device_code"));
    case "nobody":
      return undefined;
  }
}

function accountFrom(kind: Account["kind"], id: string | undefined): Account | undefined {
  return id === undefined || id === "" ? undefined : { kind, id };
}

/** Who is asked for a second factor: whose session it is, or who has shown their password just now. */
export async function challengedUserId(ctx: GenericEndpointContext): Promise<string | undefined> {
  const session = await getSessionFromCtx(ctx);
  if (session) return session.user.id;
  const { context } = ctx;
  const challenge = await ctx.getSignedCookie(context.createAuthCookie("two_factor").name, context.secret);
  if (typeof challenge !== "string") return undefined;
  return (await context.internalAdapter.findVerificationValue(challenge))?.value;
}
