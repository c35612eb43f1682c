import { waitUntil } from "cloudflare:workers";
import { betterAuth } from "better-auth/minimal";
import { createMailer } from "../../email/mailer.ts";
import { isId, newId } from "../../shared/ids.ts";
import { authDatabase } from "./auth-database.store.ts";
import type { AuthWorld } from "./auth-world.ts";
import { authPlugins } from "./plugins.ts";
import { passwords, verification } from "./passwords.ts";

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
    emailAndPassword: passwords(context),
    emailVerification: verification(context),
    user: { additionalFields: { status: { type: "string", input: false, defaultValue: "active" } } },
    session: {
      expiresIn: SESSION_SECONDS,
      updateAge: SESSION_SECONDS / 7,
      additionalFields: { tenantId: { type: "string", input: false, required: false } },
    },
    advanced: {
      cookiePrefix: "__Host-tensorgate",
      defaultCookieAttributes: { secure: true, httpOnly: true, sameSite: "lax", path: "/" },
      ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] },
      backgroundTasks: { handler: waitUntil },
      database: {
        generateId: ({ model }) => {
          const prefix = ID_PREFIXES[model];
          return prefix ? newId(prefix, now()) : newId("evt", now()).slice("evt_".length);
        },
      },
    },
    databaseHooks: {
      session: {
        delete: {
          before: async ({ id, userId }) => {
            if (isId("ses", id) && isId("usr", userId)) await world.voidSession(userId, id);
          },
        },
      },
    },
    plugins: authPlugins(world),
    // What the routes of this server's own API take the place of, or what would hand out tokens of another form.
    disabledPaths: ["/token", "/device/token", ...CLIENT_PATHS, ...LOGOUT_PATHS],
  });
}

/** Clients are the tenants' own (/v1/clients): persons by themselves register none. */
const CLIENT_PATHS = [
  "/oauth2/register",
  "/oauth2/create-client",
  "/oauth2/get-client",
  "/oauth2/get-clients",
  "/oauth2/update-client",
  "/oauth2/client/rotate-secret",
  "/oauth2/delete-client",
  "/oauth2/update-consent",
];
/** Clients register no address to come back to after a log-out. */
const LOGOUT_PATHS = ["/oauth2/end-session", "/oauth2/end-session/confirm"];

const SESSION_SECONDS = 7 * 86_400;

/** The authorization server. */
export type AuthServer = ReturnType<typeof createAuthServer>;
