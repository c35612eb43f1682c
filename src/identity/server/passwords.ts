import type { BetterAuthOptions } from "better-auth/minimal";
import type { AuthContext } from "./auth-world.ts";

const LINK_SECONDS = 3600;

/** Logging in with an address and a password: only with an address that was shown to be one's own. */
export function passwords({ mailer, now, issuer }: AuthContext) {
  return {
    enabled: true,
    requireEmailVerification: true,
    minPasswordLength: 10,
    maxPasswordLength: 128,
    autoSignIn: false,
    revokeSessionsOnPasswordReset: true,
    resetPasswordTokenExpiresIn: LINK_SECONDS,
    sendResetPassword: async ({ user, url }) => {
      const data = { url, expiresAtMs: now() + LINK_SECONDS * 1000 };
      await mailer.send({ to: user.email, template: "reset-password", data });
    },
    onPasswordReset: async ({ user }) => {
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
    sendVerificationEmail: async ({ user, url }) => {
      const data = { url, expiresAtMs: now() + LINK_SECONDS * 1000 };
      await mailer.send({ to: user.email, template: "verify-address", data });
    },
  } satisfies BetterAuthOptions["emailVerification"];
}
