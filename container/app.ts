import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { CONTAINER_HEADERS } from "../engine/contract.ts";
import { bearer } from "./bearer.ts";
import { health } from "./health.ts";
import { inference } from "./inference.ts";
import { refusal, refused } from "./problem.ts";
import { repository } from "./repository.ts";
import type { Served, Services } from "./services.ts";

/** The map of the container's routes: health is open, all else needs the token. */
export function createApp(services: Services): Hono<Served> {
  const app = new Hono<Served>();
  app.use(async (context, next) => {
    await next();
    context.header(CONTAINER_HEADERS.container, "1");
  });
  app.route("/v2/health", health(services));
  app.use(bearer(services.config.token));
  app.route("/v2", inference(services));
  app.route("/v2/repository", repository(services));
  app.get("/metrics", async (context) => context.text(await services.metrics.text()));
  app.notFound(() => refusal(refused("not-found", "There is nothing at this path; see container/README.md.")));
  app.onError((error) => {
    if (error instanceof HTTPException) return refusal(refused("bad-request", error.message));
    services.log.error("request-failed", { reason: error.stack ?? error.message });
    return refusal(refused("internal-error", "The server failed; its log says why."));
  });
  return app;
}
