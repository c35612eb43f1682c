import { waitUntil } from "cloudflare:workers";
import { betterAuth } from "better-auth/minimal";
import { createMailer } from "../../email/mailer.ts";
import { newId } from "../../shared/ids.ts";
import { DISABLED_PATHS } from "../auth-endpoints.rules.ts";
import { authDatabase } from "./auth-database.store.ts";
import type { AuthWorld } from "./auth-world.ts";
import { socialProviders } from "./log-in-providers.ts";
import { authPlugins } from "./plugins.ts";
import { passwords, verification } from "./passwords.ts";
import { sessionHooks, sessionOptions } from "./sessions.ts";
import { userHooks, userOptions } from "./users.ts";

/** Where the server is mounted. */
const BASE_PATH = "/auth";

const ID_PREFIXES: Readonly<Record<string, "usr" | "ses">> = { user: "usr", session: "ses" };

/** People, their log-ins, and the authorization server: better-auth over D1. Nothing of it is loaded by an inference. */
export function createAuthServer(world: AuthWorld) {
  const { db, issuer, secret, now } = world;
  const context = { ...world, mailer: createMailer({ ...world.mail, waitUntil }) };
  return betterAuth({
    appName: "Tensorgate",
    baseURL: issuer,
    basePath: BASE_PATH,
    secret,
    trustedOrigins: [issuer],
    database: authDatabase(db),
    telemetry: { enabled: false },
    onAPIError: { errorURL: `${issuer}/error` },
    emailAndPassword: passwords(context),
    emailVerification: verification(context),
    socialProviders: socialProviders(context),
    // Who reads D1 sets nobody's password by a link that was not followed yet.
    verification: { storeIdentifier: { default: "plain", overrides: { "reset-password:": "hashed" } } },
    user: userOptions(context),
    session: sessionOptions,
    advanced: {
      cookiePrefix: "__Host-tensorgate",
      // better-auth would put `__Secure-` before the name, and browsers would not hold the cookie to its host any more
      useSecureCookies: false,
      defaultCookieAttributes: { secure: true, httpOnly: true, sameSite: "lax", path: "/" },
      ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] },
      backgroundTasks: { handler: waitUntil },
      database: {
        // what ends a person's sessions reads them first, to end each in its cells: none may be left out
        defaultFindManyLimit: 10_000,
        generateId: ({ model }) => {
          const prefix = ID_PREFIXES[model];
          return prefix ? newId(prefix, now()) : newId("evt", now()).slice("evt_".length);
        },
      },
    },
    databaseHooks: { session: sessionHooks(context), user: userHooks(context) },
    rateLimit: { enabled: false },
    plugins: authPlugins(context),
    disabledPaths: DISABLED_PATHS,
  });
}

/** The authorization server. */
export type AuthServer = ReturnType<typeof createAuthServer>;
