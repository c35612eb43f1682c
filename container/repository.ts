import { Hono } from "hono";
import type { Services } from "./services.ts";
import { admitted } from "./admitted.ts";
import { refusal } from "./problem.ts";
import { load } from "./request.ts";

/** Triton's model repository extension: what is here, load, unload. */
export function repository(services: Services): Hono {
  const { models } = services;
  return new Hono()
    .post("/index", (context) =>
      context.json(
        models.list().map(({ id, isLoaded }) => ({
          name: id,
          version: "1",
          state: isLoaded ? "READY" : "UNAVAILABLE",
          reason: isLoaded ? "" : "it has no process; the next request starts one",
        })),
      ),
    )
    .post("/models/:id/load", async (context) => {
      const end = await admitted(context, services, () => load(context, services));
      return end.kind === "refused" ? refusal(end) : context.json({});
    })
    .post("/models/:id/unload", (context) => {
      models.unload(context.req.param("id"));
      return context.json({});
    });
}
