import type { AttemptKind } from "./attempts.rules.ts";

/**
 * Whose account an attempt is on: the e-mail that the request names, the person whose session or half-finished log-in it is, or
 * the device that asks whether it was let in. "nobody" counts for the network alone: nothing is counted against a client, whose secret
 * can't be guessed and whose id is known to whoever wants to use up what its owner needs.
 */
type AccountSource = "email" | "new-email" | "session" | "challenged" | "device" | "nobody";

/** What becomes of calls to an endpoint of the authorization server. */
type EndpointRule =
  /** Counted, each call, before anything else is done. */
  | { readonly attempt: AttemptKind; readonly on: AccountSource }
  /** Not counted: it works on what is the caller's own, by their session or token. */
  | "own"
  /** Not counted: it tells everybody the same, or takes what can't be guessed and was sent to the caller before. */
  | "open"
  /** There is no such endpoint. */
  | "disabled";

/** Programs call these with a credential of their own in the request, and no browser does it for them. */
const MACHINES: ReadonlySet<string> = new Set([
  "/oauth2/token",
  "/oauth2/introspect",
  "/oauth2/revoke",
  "/oauth2/register",
  "/oauth2/userinfo",
  "/device/code",
  "/device/token",
]);

/**
 * Every endpoint of the authorization server, by its path below /auth. What is not listed is refused: whoever adds one says here how
 * often it may be tried.
 */
export const AUTH_ENDPOINTS: Readonly<Record<string, EndpointRule>> = {
  "/sign-up/email": { attempt: "sign_up", on: "email" },
  "/sign-in/email": { attempt: "log_in", on: "email" },
  "/sign-in/social": { attempt: "log_in", on: "nobody" },
  "/callback/:id": "open",
  "/sign-out": "own",
  "/request-password-reset": { attempt: "password_reset", on: "email" },
  "/reset-password": { attempt: "password_reset", on: "nobody" },
  "/reset-password/:token": "open",
  "/send-verification-email": { attempt: "verification_mail", on: "email" },
  "/verify-email": "open",
  "/change-email": { attempt: "email_change", on: "new-email" },

  "/change-password": { attempt: "log_in", on: "session" },
  "/verify-password": "disabled",
  "/delete-user": { attempt: "log_in", on: "session" },
  "/delete-user/callback": "disabled",
  "/update-user": "own",

  "/get-session": "own",
  "/list-sessions": "own",
  "/revoke-session": "own",
  "/revoke-sessions": "own",
  "/revoke-other-sessions": "own",
  "/update-session": "disabled",

  "/list-accounts": "own",
  "/link-social": { attempt: "log_in", on: "session" },
  "/unlink-account": "own",
  "/account-info": "disabled",
  "/get-access-token": "disabled",
  "/refresh-token": "disabled",

  "/two-factor/enable": { attempt: "log_in", on: "session" },
  "/two-factor/disable": { attempt: "log_in", on: "session" },
  "/two-factor/generate-backup-codes": { attempt: "log_in", on: "session" },
  "/two-factor/get-totp-uri": { attempt: "log_in", on: "session" },
  "/two-factor/verify-totp": { attempt: "second_factor", on: "challenged" },
  "/two-factor/verify-backup-code": { attempt: "second_factor", on: "challenged" },
  "/two-factor/send-otp": "disabled",
  "/two-factor/verify-otp": "disabled",

  "/passkey/generate-register-options": "own",
  "/passkey/verify-registration": "own",
  "/passkey/generate-authenticate-options": { attempt: "log_in", on: "nobody" },
  "/passkey/verify-authentication": { attempt: "log_in", on: "nobody" },
  "/passkey/list-user-passkeys": "own",
  "/passkey/delete-passkey": "own",
  "/passkey/update-passkey": "own",

  "/tenant-token": { attempt: "token", on: "session" },
  "/session-tenant": "own",
  "/organizations": "own",
  "/organizations/:id/leave": "own",
  "/invitations": "own",
  "/invitations/accept": "own",
  "/token": "disabled",
  "/jwks": "open",
  "/ok": "disabled",
  "/error": "open",

  "/oauth2/authorize": "open",
  "/oauth2/consent": "own",
  "/oauth2/continue": "own",
  "/oauth2/token": { attempt: "token", on: "device" },
  "/oauth2/introspect": { attempt: "token", on: "nobody" },
  "/oauth2/revoke": { attempt: "token", on: "nobody" },
  "/oauth2/register": "disabled",
  "/oauth2/userinfo": "own",
  "/oauth2/end-session": "disabled",
  "/oauth2/end-session/confirm": "disabled",
  "/oauth2/get-client": "disabled",
  "/oauth2/get-clients": "disabled",
  "/oauth2/create-client": "disabled",
  "/oauth2/update-client": "disabled",
  "/oauth2/delete-client": "disabled",
  "/oauth2/client/rotate-secret": "disabled",
  "/oauth2/public-client": "own",
  "/oauth2/public-client-prelogin": "open",
  "/oauth2/get-consent": "own",
  "/oauth2/get-consents": "own",
  "/oauth2/update-consent": "disabled",
  "/oauth2/delete-consent": "own",

  "/device/code": { attempt: "device_code", on: "nobody" },
  "/device": { attempt: "device_code", on: "session" },
  "/device/approve": { attempt: "device_code", on: "session" },
  "/device/deny": { attempt: "device_code", on: "session" },
  "/device/token": "disabled",
};

/** The paths that there are not. */
export const DISABLED_PATHS = Object.keys(AUTH_ENDPOINTS).filter((path) => AUTH_ENDPOINTS[path] === "disabled");

/** The endpoint that a request's path below /auth leads to; undefined when there is none. */
export function endpointOf(path: string): string | undefined {
  const endpoint = Object.hasOwn(AUTH_ENDPOINTS, path)
    ? path
    : (PATTERNS.find(({ form }) => form.test(path))?.path ?? "");
  const rule = AUTH_ENDPOINTS[endpoint];
  return rule === undefined || rule === "disabled" ? undefined : endpoint;
}

/** Endpoints with a part that differs from call to call. */
const PATTERNS = Object.keys(AUTH_ENDPOINTS)
  .filter((path) => path.includes(":"))
  .map((path) => ({ path, form: new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`) }));

/** Whether browsers call the endpoint, with the cookies that they hold. */
export function isForBrowsers(endpoint: string): boolean {
  return !MACHINES.has(endpoint);
}

/** Whether the endpoint is one of OAuth, whose errors have a form of their own. @see RFC 6749 section 5.2 */
export function speaksOAuth(endpoint: string): boolean {
  return endpoint.startsWith("/oauth2/") || endpoint.startsWith("/device");
}
