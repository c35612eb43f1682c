import { createRoute, z } from "@hono/zod-openapi";
import errorPages from "../../docs/errors.md";
import { createRouter } from "./router.ts";
import { json, problems } from "./contract.ts";
import { errorPage } from "./error-pages.ts";
import { problem } from "./problem.ts";

const SERVER = {
  name: "tensorgate",
  version: "0.1.0",
  extensions: ["binary_tensor_data", "model_repository", "model_configuration", "statistics"],
};

const serverMetadataSchema = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .openapi("ServerMetadata", { example: SERVER });

const common = { method: "get" as const, tags: ["Service"], security: [] };

const metadataRoute = createRoute({
  ...common,
  path: "/v2",
  operationId: "serverMetadata",
  summary: "Describe the server",
  responses: { 200: json(serverMetadataSchema, "Name, version and extensions of the protocol."), ...problems },
});
const liveRoute = createRoute({
  ...common,
  path: "/v2/health/live",
  operationId: "serverLive",
  summary: "Tell whether the server lives",
  responses: { 200: json(z.object({ live: z.boolean().openapi({ example: true }) }), "It does."), ...problems },
});
const readyRoute = createRoute({
  ...common,
  path: "/v2/health/ready",
  operationId: "serverReady",
  summary: "Tell whether the server is ready",
  responses: { 200: json(z.object({ ready: z.boolean().openapi({ example: true }) }), "It is."), ...problems },
});
const errorRoute = createRoute({
  ...common,
  path: "/errors/{code}",
  operationId: "explainError",
  summary: "Explain a problem's code",
  request: { params: z.object({ code: z.string().openapi({ example: "model-not-found" }) }) },
  responses: { 200: { description: "Markdown.", content: { "text/markdown": { schema: z.string() } } }, ...problems },
});

/** What anybody may ask of the server. */
export const serverRoutes = createRouter()
  .openapi(metadataRoute, (c) => c.json(SERVER, 200))
  .openapi(liveRoute, (c) => c.json({ live: true }, 200))
  .openapi(readyRoute, (c) => c.json({ ready: true }, 200))
  .openapi(errorRoute, (c) => {
    const { code } = c.req.valid("param");
    const page = errorPage(errorPages, code);
    if (page === undefined) return problem(c, "route-not-found", `There is no error code "${code}".`);
    return c.text(page, 200, { "Content-Type": "text/markdown; charset=utf-8" });
  });
