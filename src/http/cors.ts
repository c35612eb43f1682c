import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Admission } from "../admission/admission.rules.ts";
import { MAX_ORIGIN_LENGTH, OPAQUE_ORIGIN } from "../admission/origins.rules.ts";
import type { AppEnv } from "./context.ts";

/** What a preflight is told. It carries no credential, so it can't be told by tenant; the request that follows is. */
const PREFLIGHT_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
  "Access-Control-Allow-Headers":
    "Authorization, Content-Digest, Content-Encoding, Content-Type, Idempotency-Key, Inference-Header-Content-Length, X-Routing-Key",
  "Access-Control-Max-Age": "7200", // the most that Chromium heeds
};

/** The headers of answers that a page may read, beside those that it always may. */
const EXPOSED_HEADERS =
  "Accept, Allow, Content-Disposition, Idempotent-Replayed, Inference-Header-Content-Length, Location, RateLimit, " +
  "RateLimit-Policy, Retry-After, Tensorgate-Entry, Tensorgate-Receipt, WWW-Authenticate, X-Request-Id";

/**
 * The headers by which browsers let pages of other origins call, and read what they are answered.
 *
 * Leave is given by the tenant's cell; never with cookies: without Access-Control-Allow-Credentials, a browser keeps an answer to
 * a request that carried some from the page.
 *
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export const cors = createMiddleware<AppEnv>(async (c, next) => {
  if (isPreflight(c)) return c.body(null, 204, PREFLIGHT_HEADERS);
  await next();
  const { allowedOrigin } = c.var;
  if (allowedOrigin === undefined) return undefined;
  c.res.headers.set("Access-Control-Allow-Origin", allowedOrigin);
  c.res.headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  c.res.headers.append("Vary", "Origin");
  return undefined;
});

function isPreflight(c: Context<AppEnv>): boolean {
  return (
    c.req.method === "OPTIONS" &&
    /^\/v[12](\/|$)/.test(c.req.path) &&
    c.req.header("Origin") !== undefined &&
    c.req.header("Access-Control-Request-Method") !== undefined
  );
}

/** The origin of the page that calls; undefined for the service's own, and where no page calls. */
export function callerOrigin(c: Context<AppEnv>): string | undefined {
  const origin = c.req.header("Origin");
  if (origin === undefined) return undefined;
  const { services } = c.var;
  if (origin === services.origin || origin === services.config.publicOrigin) return undefined;
  return origin.length > MAX_ORIGIN_LENGTH ? OPAQUE_ORIGIN : origin;
}

/**
 * Note what the cell's answer means for the page that calls: it may read it, unless its origin was refused or the key is not known.
 * Then nobody knows whose list would count.
 */
export function heedOrigin(c: Context<AppEnv>, origin: string | undefined, { kind }: Pick<Admission, "kind">): void {
  if (origin !== undefined && kind !== "unknown-key" && kind !== "origin-not-allowed") c.set("allowedOrigin", origin);
}
