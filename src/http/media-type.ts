import type { Context } from "hono";

/** The media type of a request's body, in lower case and without parameters; undefined where none is said. */
export function mediaTypeOf(c: Context): string | undefined {
  return c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
}
