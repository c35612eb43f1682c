import type { PasskeyOptions } from "@better-auth/passkey";
import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware } from "better-auth/api";

/**
 * Passkeys whose authenticator asked who holds it, by a PIN or a finger: they stand for two factors, where the mere touch of a stolen
 * one would stand for none.
 *
 * @see https://www.w3.org/TR/webauthn-3/#user-verification
 */
export function passkeyOptions(issuer: string): PasskeyOptions {
  return {
    rpID: new URL(issuer).hostname,
    rpName: "Tensorgate",
    origin: issuer,
    authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
    registration: {
      afterVerification: ({ verification }) => {
        requireUserVerified(verification.registrationInfo?.userVerified);
      },
    },
    authentication: {
      afterVerification: ({ verification }) => {
        requireUserVerified(verification.authenticationInfo.userVerified);
      },
    },
  };
}

function requireUserVerified(isVerified: boolean | undefined): void {
  if (isVerified === true) return;
  const message = "The authenticator did not verify who holds it: use one with a PIN or biometrics.";
  throw new APIError("BAD_REQUEST", { code: "USER_NOT_VERIFIED", message });
}

/** Browsers are told so beforehand: better-auth's options for logging in ask for it only where it is to be had. */
export function verifiedPasskeys() {
  return {
    id: "verified-passkeys",
    hooks: {
      after: [
        {
          matcher: ({ path }) => path === "/passkey/generate-authenticate-options",
          handler: createAuthMiddleware(async (ctx) => {
            const { returned } = ctx.context;
            if (typeof returned !== "object" || returned === null || returned instanceof Error) return undefined;
            return await Promise.resolve(ctx.json({ ...returned, userVerification: "required" }));
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}
