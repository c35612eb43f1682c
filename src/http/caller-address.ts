import type { Context } from "hono";
import type { AppEnv } from "./context.ts";

/** The caller's address, as Cloudflare saw it; empty where nothing says it. @see https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-connecting-ip */
export function callerAddress(c: Context<AppEnv>): string {
  return c.req.header("CF-Connecting-IP") ?? "";
}
