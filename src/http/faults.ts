import type { Context } from "hono";
import { Overloaded } from "../admission/group-commit.ts";
import type { AppEnv } from "./context.ts";
import { problem } from "./problem.ts";
import { logFault } from "../shared/log.ts";

/** The last resort: a fault is logged with its cause, and the caller gets a fixed sentence and the request id. */
export function onFault(error: Error, c: Context<AppEnv>): Response {
  if (error instanceof Overloaded) {
    const headers = { "Retry-After": String(error.retryAfterSeconds) };
    return problem(c, "overloaded", error.message, { headers });
  }
  const { message, stack, cause } = error;
  logFault(message, {
    stack,
    cause: String(cause),
    requestId: c.var.requestId,
    method: c.req.method,
    path: c.req.path,
  });
  return problem(c, "internal-error", "Something failed on our side. Give the request id when you ask about it.");
}
