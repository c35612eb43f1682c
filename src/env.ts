import { z } from "zod";
import { type ReporterSettings, reporterVariables } from "./identity/reporters.schemas.ts";
import { type EmailSettings, emailVariables, readEmailSettings, requireSender } from "./email/settings.schemas.ts";
import {
  type LogInProviders,
  logInVariables,
  readLogInProviders,
  requireWholeProviders,
} from "./identity/log-in-providers.schemas.ts";

const originOrNothing = (example: string) =>
  z
    .url({ protocol: /^https?$/, error: `must be empty or an origin like ${example}` })
    .or(z.literal(""))
    .default("")
    .transform((url) => (url === "" ? undefined : new URL(url).origin));

const variables = z.object({
  ...emailVariables,
  ...logInVariables,
  ...reporterVariables,
  ADMIN_TOKEN: z
    .string({ error: "is missing; set it with `wrangler secret put ADMIN_TOKEN`" })
    .min(32, "must have at least 32 characters; `openssl rand -hex 32` makes one"),
  MASTER_KEY: z
    .string({ error: "is missing; set it with `wrangler secret put MASTER_KEY`" })
    .min(32, "must have at least 32 characters; `openssl rand -hex 32` makes one"),
  PUBLIC_ORIGIN: originOrNothing("https://api.example.com"),
  CONTAINER_URL: originOrNothing("http://127.0.0.1:8790"),
  MAX_LIVE_ISOLATES: z.coerce.number({ error: "must be a number" }).int().min(0).max(10_000).default(0),
  CONTAINER_INSTANCES: z.coerce.number({ error: "must be a number" }).int().min(0).max(1000).default(0),
});

const schema = variables.superRefine(requireSender).superRefine(requireWholeProviders);

/** The Worker's variables and secrets, checked. */
export interface Config {
  /** Bearer token of the operator's API under /admin. */
  readonly adminToken: string;
  /** What all other keys of this deployment are derived from. */
  readonly masterKey: string;
  /** Where this Worker is reached from outside; undefined where the request's own origin is right. */
  readonly publicOrigin: string | undefined;
  /** A container server of one's own, where Cloudflare's containers are not used. */
  readonly containerUrl: string | undefined;
  /** How many isolates of models may live at a time; 0 where the platform sees to it, as Cloudflare does. */
  readonly maxLiveIsolates: number;
  /** How many of Cloudflare's containers may be used; 0 where there are none. */
  readonly containerInstances: number;
  /** How e-mail leaves the Worker, and in whose name. */
  readonly email: EmailSettings;
  /** Where people may log in besides here. */
  readonly logInProviders: LogInProviders;
  /** Whose reports of leaked keys are believed. */
  readonly reporters: ReporterSettings;
}

const parsed = new WeakMap<Env, Config>();

/**
 * Check the environment, once per isolate.
 *
 * @throws Error that names each variable and what to do about it
 */
export function parseEnv(env: Env): Config {
  const known = parsed.get(env);
  if (known) return known;
  const result = schema.safeParse(env);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new Error(`The Worker is not configured: ${faults.join("; ")}.`);
  }
  const { ADMIN_TOKEN, MASTER_KEY, PUBLIC_ORIGIN, CONTAINER_URL, CONTAINER_INSTANCES, MAX_LIVE_ISOLATES } = result.data;
  const config = {
    adminToken: ADMIN_TOKEN,
    masterKey: MASTER_KEY,
    publicOrigin: PUBLIC_ORIGIN,
    containerUrl: CONTAINER_URL,
    containerInstances: CONTAINER_INSTANCES,
    maxLiveIsolates: MAX_LIVE_ISOLATES,
    email: readEmailSettings(result.data),
    logInProviders: readLogInProviders(result.data),
    reporters: { keys: result.data.SECRET_SCANNING_KEYS, keysUrl: result.data.SECRET_SCANNING_KEYS_URL || undefined },
  };
  parsed.set(env, config);
  return config;
}
