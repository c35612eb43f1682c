import { z } from "zod";

const schema = z.object({
  ADMIN_TOKEN: z
    .string({ error: "is missing; set it with `wrangler secret put ADMIN_TOKEN`" })
    .min(32, "must have at least 32 characters; `openssl rand -hex 32` makes one"),
});

/** The Worker's variables and secrets, checked. */
export interface Config {
  /** Bearer token of the operator's API under /admin. */
  readonly adminToken: string;
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
  const config = { adminToken: result.data.ADMIN_TOKEN };
  parsed.set(env, config);
  return config;
}
