import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth";
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { standingOf } from "../../members/standing.service.ts";
import { isId } from "../../shared/ids.ts";
import { MIN_PASSWORD_CHARACTERS } from "../../tenants/security-policy.rules.ts";
import { type Chooser, type PasswordFault, passwordFault } from "../passwords.rules.ts";
import type { AuthContext } from "./auth-world.ts";
import { textOf } from "./request.ts";

/** Who chooses a password. */
interface Choice {
  readonly password: string | undefined;
  readonly chooser: Chooser;
  /** Undefined for who signs up, of whom nothing may be asked that would tell whether they have an account. */
  readonly userId?: string;
}

const STRANGER: Chooser = { email: "", name: "" };

/** Passwords are held to what the deployment and the person's tenants ask for, wherever one is chosen; changing one ends other log-ins. */
export function passwordPolicy(world: AuthContext) {
  return {
    id: "password-policy",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path !== undefined && Object.hasOwn(CHOICES, path),
          handler: createAuthMiddleware(async (ctx) => {
            await check(world, await CHOICES[ctx.path]?.(ctx));
            return ctx.path === "/change-password" ? { context: { body: { revokeOtherSessions: true } } } : undefined;
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

const CHOICES: Readonly<Record<string, (ctx: GenericEndpointContext) => Choice | Promise<Choice>>> = {
  "/sign-up/email": ({ body }) => ({
    password: textOf(body, "password"),
    chooser: { email: textOf(body, "email") ?? "", name: textOf(body, "name") ?? "" },
  }),
  "/change-password": async (ctx) => {
    const session = await getSessionFromCtx(ctx);
    return choiceOf(ctx, session?.user);
  },
  "/reset-password": async (ctx) => {
    const { internalAdapter } = ctx.context;
    const token = textOf(ctx.body, "token") ?? textOf(ctx.query, "token") ?? "";
    const holder = await internalAdapter.findVerificationValue(`reset-password:${token}`);
    return choiceOf(ctx, holder ? await internalAdapter.findUserById(holder.value) : undefined);
  },
};

function choiceOf({ body }: GenericEndpointContext, user: (Chooser & { id: string }) | null | undefined): Choice {
  const password = textOf(body, "newPassword");
  return user ? { password, chooser: user, userId: user.id } : { password, chooser: STRANGER };
}

async function check({ db }: AuthContext, choice: Choice | undefined): Promise<void> {
  if (choice?.password === undefined) return;
  const { password, chooser, userId } = choice;
  const standing = userId !== undefined && isId("usr", userId) ? await standingOf(db, userId) : undefined;
  const minCharacters = standing?.policy.minPasswordCharacters ?? MIN_PASSWORD_CHARACTERS;
  const fault = passwordFault(password, minCharacters, chooser);
  if (fault) throw new APIError("BAD_REQUEST", refusalOf(fault, minCharacters));
}

function refusalOf(fault: PasswordFault, minCharacters: number): { code: string; message: string } {
  switch (fault) {
    case "too_short":
      return { code: "PASSWORD_TOO_SHORT", message: `The password must have at least ${minCharacters} characters.` };
    case "too_common":
      return {
        code: "PASSWORD_TOO_COMMON",
        message: "The password is one of those that are tried first; choose another.",
      };
    case "too_plain":
      return { code: "PASSWORD_TOO_PLAIN", message: "The password repeats few characters; choose another." };
    case "too_personal":
      return { code: "PASSWORD_TOO_PERSONAL", message: "The password is your name or address; choose another." };
  }
}
