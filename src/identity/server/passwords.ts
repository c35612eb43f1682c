import type { BetterAuthOptions } from "better-auth/minimal";
import { decodeJwt } from "jose";
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from "../../tenants/security-policy.rules.ts";
import { deleteRefreshTokens, deleteResetLinks } from "../people.store.ts";
import type { AuthContext } from "./auth-world.ts";
import { recordAct } from "./records.ts";
import { linkFor } from "./unverified-accounts.ts";

const LINK_SECONDS = 3600;

/** Logging in with an address and a password: only with an address that was shown to be one's own. */
export function passwords(world: AuthContext) {
  const { mailer, now, issuer, db } = world;
  return {
    enabled: true,
    requireEmailVerification: true,
    minPasswordLength: MIN_PASSWORD_CHARACTERS,
    maxPasswordLength: MAX_PASSWORD_CHARACTERS,
    autoSignIn: false,
    revokeSessionsOnPasswordReset: true,
    resetPasswordTokenExpiresIn: LINK_SECONDS,
    sendResetPassword: async ({ user, url }) => {
      const data = { url, expiresAtMs: now() + LINK_SECONDS * 1000 };
      await mailer.send({ to: user.email, template: "reset-password", data });
    },
    onPasswordReset: async ({ user }, request) => {
      await deleteResetLinks(db, user.id);
      await deleteRefreshTokens(db, user.id);
      await recordAct(world, request?.headers, { act: "person.reset_password", userId: user.id });
      const data = { atMs: now(), url: `${issuer}/reset-password` };
      await mailer.send({ to: user.email, template: "password-changed", data });
    },
    onExistingUserSignUp: async ({ user }) => {
      const data = { logInUrl: `${issuer}/sign-in`, resetUrl: `${issuer}/reset-password` };
      await mailer.send({ to: user.email, template: "account-exists", data });
    },
  } satisfies BetterAuthOptions["emailAndPassword"];
}

/** Showing that an address is one's own, by the link in a mail to it. */
export function verification({ mailer, now }: AuthContext) {
  return {
    sendOnSignUp: true,
    sendOnSignIn: true,
    autoSignInAfterVerification: false,
    expiresIn: LINK_SECONDS,
    sendVerificationEmail: async ({ user, url, token }) => {
      const data = { url: linkFor(url, user.id), expiresAtMs: now() + LINK_SECONDS * 1000 };
      const template = "updateTo" in decodeJwt(token) ? "confirm-new-address" : "verify-address";
      await mailer.send({ to: user.email, template, data });
    },
  } satisfies BetterAuthOptions["emailVerification"];
}
