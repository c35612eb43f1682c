import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./context.ts";
import { problem } from "./problem.ts";

const MAX_HEADER_BYTES = 32 * 1024;
const MAX_COOKIE_BYTES = 8 * 1024;

/** What a header takes on the wire of HTTP/1.1 beside its name and value: a colon, a space and the end of the line. */
const LINE_BYTES = 4;

/** Refuse a request whose headers are larger than anybody needs, before anything reads them. @see RFC 6585 section 5 */
export const headerLimits = createMiddleware<AppEnv>(async (c, next) => {
  let bytes = 0;
  // oxlint-disable-next-line unicorn/no-array-for-each -- an iterator crosses into the runtime twice as often, on every request
  c.req.raw.headers.forEach((value, name) => {
    bytes += name.length + value.length + LINE_BYTES;
  });
  if (bytes > MAX_HEADER_BYTES) {
    return problem(c, "headers-too-large", `The headers are larger than ${MAX_HEADER_BYTES} bytes together.`, {
      members: { max_bytes: MAX_HEADER_BYTES },
    });
  }
  if (bytes > MAX_COOKIE_BYTES && (c.req.header("Cookie")?.length ?? 0) > MAX_COOKIE_BYTES) {
    const detail = `Cookie: is larger than ${MAX_COOKIE_BYTES} bytes; delete this site's cookies and try again.`;
    return problem(c, "headers-too-large", detail, { members: { field: "Cookie", max_bytes: MAX_COOKIE_BYTES } });
  }
  await next();
  return undefined;
});
