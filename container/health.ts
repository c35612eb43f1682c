import { Hono } from "hono";
import type { Services } from "./services.ts";
import { refusal, refused } from "./problem.ts";

/** Whether the server lives, and whether it takes requests: what an orchestrator asks without a token. */
export function health({ gate }: Pick<Services, "gate">): Hono {
  return new Hono()
    .get("/live", (context) => context.json({ live: true }))
    .get("/ready", (context) =>
      gate.isClosed ? refusal(refused("overloaded", "The server is ending.")) : context.json({ ready: true }),
    );
}
