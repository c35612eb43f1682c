import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { refusal, refused } from "./problem.ts";

/** Let nobody in but the Worker: compares digests, so that the time taken tells nothing of the token. */
export function bearer(token: string): MiddlewareHandler {
  const expected = digest(`Bearer ${token}`);
  return async (context, next) => {
    const given = digest(context.req.header("authorization") ?? "");
    if (timingSafeEqual(given, expected)) return await next();
    const response = refusal(refused("unauthorized", "Send `Authorization: Bearer` with the container's token."));
    response.headers.set("WWW-Authenticate", "Bearer");
    return response;
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
