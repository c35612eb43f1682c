import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { createRouter } from "../http/router.ts";
import type { Account } from "./attempts.service.ts";
import { limitAttempts } from "./limit-attempts.ts";

/**
 * How often a network may ask the authorization server for tokens and codes, before it is loaded.
 *
 * Nothing is counted against a client: its secret can't be guessed, and who knows its id could use up what its owner needs.
 */
export const oauthLimits = createRouter();

oauthLimits.use("/auth/oauth2/token", limitAttempts("token", deviceOf));
oauthLimits.use("/auth/device/code", limitAttempts("device_code"));
oauthLimits.use("/auth/device", limitAttempts("device_code"));

/** The device code that is asked about, read from a copy of the body. */
async function deviceOf(c: Context<AppEnv>): Promise<Account | undefined> {
  const type = c.req.header("Content-Type") ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) return undefined;
  const id = new URLSearchParams(await c.req.raw.clone().text()).get("device_code");
  return id === null ? undefined : { kind: "device_code", id };
}
