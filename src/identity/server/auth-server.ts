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
    // Who reads D1 sets nobody's password by a link that was not followed yet.
    verification: { storeIdentifier: { default: "plain", overrides: { "reset-password:": "hashed" } } },
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
    disabledPaths: ["/token", "/device/token"],
  });
}

const SESSION_SECONDS = 7 * 86_400;

/** The authorization server. */
export type AuthServer = ReturnType<typeof createAuthServer>;
