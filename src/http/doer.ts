import type { Context } from "hono";
import { type Doer, actorOf } from "../events/audit.rules.ts";
import { callerAddress } from "./caller-address.ts";
import type { AppEnv } from "./context.ts";

/** Who calls, and from where, as the audit keeps it. For what stands behind a guard. */
export function doerOf(c: Context<AppEnv>): Doer {
  const origin = {
    ipAddress: callerAddress(c),
    userAgent: c.req.header("User-Agent") ?? "",
    requestId: c.var.requestId,
  };
  // the operator's token is the one credential that leaves no caller behind
  return { actor: actorOf(c.get("caller")?.callerId), origin };
}
