import { createMiddleware } from "hono/factory";
import { systemClock } from "../shared/clock.ts";
import { newId } from "../shared/ids.ts";
import type { AppEnv } from "./context.ts";

/** Give every request an id, for logs and for whoever asks for help; answers are not stored or altered on their way. */
export const requestId = createMiddleware<AppEnv>(async (c, next) => {
  c.set("requestId", newId("req", systemClock()));
  await next();
  c.res.headers.set("X-Request-Id", c.var.requestId);
  if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store, no-transform");
});
