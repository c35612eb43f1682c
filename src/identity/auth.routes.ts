import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../http/context.ts";
import { mediaTypeOf } from "../http/media-type.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { endpointOf, isForBrowsers, speaksOAuth } from "./auth-endpoints.rules.ts";

const BASE_PATH = "/auth";
const JSON_TYPE = "application/json";
const MAX_BODY_BYTES = 64 * 1024;

/**
 * People and the authorization server: all below /auth is better-auth's, whose answers have the form of OAuth or its own.
 *
 * What is refused before it gets there is a problem as everywhere else: a path that is not listed, a body that is too large, and a
 * call that a page of another origin has a browser make.
 *
 * @see https://better-auth.com/docs
 */
export const authRoutes = createRouter();

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c: Context<AppEnv>) =>
    problem(c, "body-too-large", `The body is larger than ${MAX_BODY_BYTES} bytes.`, {
      members: { max_bytes: MAX_BODY_BYTES },
    }),
});

authRoutes.on(["GET", "POST"], "/auth/*", limitBody, async (c) => {
  const endpoint = endpointOf(c.req.path.slice(BASE_PATH.length));
  if (endpoint === undefined) return problem(c, "route-not-found", `There is no route ${c.req.method} ${c.req.path}.`);
  const origin = c.req.header("Origin");
  if (origin !== undefined && isForeign(c, origin) && isForBrowsers(endpoint)) {
    return problem(
      c,
      "origin-not-allowed",
      `Pages of ${origin.slice(0, 100)} may not call this; those of ${c.var.services.issuer} may.`,
    );
  }
  const type = mediaTypeOf(c);
  if (type !== undefined && type !== JSON_TYPE && !speaksOAuth(endpoint)) {
    const detail = `The Content-Type is ${type}; this route takes ${JSON_TYPE}, which no form of another site can send.`;
    return problem(c, "unsupported-media-type", detail, { headers: { Accept: JSON_TYPE } });
  }
  const server = await c.var.services.authServer();
  const request = new Request(c.req.raw);
  request.headers.set("X-Request-Id", c.var.requestId);
  return await server.handler(request);
});

/** Whether a browser says that a page of another site is behind a request that may change something. */
function isForeign(c: Context<AppEnv>, origin: string): boolean {
  return c.req.method !== "GET" && origin !== c.var.services.issuer;
}
