import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { every } from "hono/combine";
import { parseJsonBody } from "../../engine/json-body.ts";
import { Refusal } from "../../engine/refusal.ts";
import type { AppEnv } from "./context.ts";
import { mediaTypeOf } from "./media-type.ts";
import { problem } from "./problem.ts";
import { refuseByEngine } from "./refusals.ts";

const MAX_JSON_BYTES = 64 * 1024;

/** Before a route reads JSON: its media type, its size, and where it breaks if it is not JSON in UTF-8. */
export const jsonBody = every(
  createMiddleware<AppEnv>(async (c, next) => {
    const type = mediaTypeOf(c);
    if (type === "application/json") return await next();
    const given = type === undefined ? "The Content-Type is missing" : `The Content-Type is ${type}`;
    return problem(c, "unsupported-media-type", `${given}; this route takes application/json.`, {
      headers: { Accept: "application/json" },
    });
  }),
  bodyLimit({
    maxSize: MAX_JSON_BYTES,
    onError: (c: Context<AppEnv>) =>
      problem(c, "body-too-large", `The body is larger than ${MAX_JSON_BYTES} bytes.`, {
        members: { max_bytes: MAX_JSON_BYTES },
      }),
  }),
  createMiddleware<AppEnv>(async (c, next) => {
    try {
      parseJsonBody(new Uint8Array(await c.req.arrayBuffer()));
    } catch (error) {
      if (error instanceof Refusal) return refuseByEngine(c, error);
      throw error;
    }
    return await next();
  }),
);
