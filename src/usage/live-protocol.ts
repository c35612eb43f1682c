import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../http/context.ts";

/** The sub-protocol of the live feed's WebSocket. */
export const LIVE_PROTOCOL = "tensorgate.live.v1";
/** What a key is preceded by where it is offered as a sub-protocol. */
const KEY_PREFIX = "key.";

/** The sub-protocols that a client offers. @see RFC 6455, section 11.3.4 */
export function offeredProtocols(header: string | undefined): string[] {
  return (header ?? "").split(",").map((name) => name.trim());
}

/**
 * Take the API key from the sub-protocols `tensorgate.live.v1, key.<API key>`: a browser can't set a WebSocket's headers.
 *
 * The answer names the first alone, so that the key is in no answer; the second without the first is nothing.
 */
export const keyFromProtocol = createMiddleware<AppEnv>(async (c, next) => {
  const offered = offeredProtocols(c.req.header("Sec-WebSocket-Protocol"));
  const key = offered.find((name) => name.startsWith(KEY_PREFIX));
  if (key !== undefined && offered.includes(LIVE_PROTOCOL)) c.set("offeredKey", key.slice(KEY_PREFIX.length));
  await next();
});
