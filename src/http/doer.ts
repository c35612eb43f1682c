import type { Context } from "hono";
import { type Doer, type RequestOrigin, actorOf } from "../events/audit.rules.ts";
import { callerAddress } from "./caller-address.ts";
import type { AppEnv } from "./context.ts";

/** Who calls, and from where, as the audit keeps it. For what stands behind a guard. */
export function doerOf(c: Context<AppEnv>): Doer {
  // the operator's token is the one credential that leaves no caller behind
  return { actor: actorOf(c.get("caller")?.callerId), origin: requestOriginOf(c) };
}

/** Where a request came from, as the audit keeps it. */
export function requestOriginOf(c: Context<AppEnv>): RequestOrigin {
  return {
    ipAddress: callerAddress(c),
    userAgent: c.req.header("User-Agent") ?? "",
    requestId: c.var.requestId,
  };
}
