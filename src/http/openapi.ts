import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "./context.ts";

/** Serve the OpenAPI document that the routes' own schemas make. */
export function serveOpenApi(app: OpenAPIHono<AppEnv>): void {
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "tg_live_… or tg_test_…",
    description: "An API key of the tenant.",
  });
  registry.registerComponent("securitySchemes", "operatorToken", {
    type: "http",
    scheme: "bearer",
    description: "The operator's token, ADMIN_TOKEN.",
  });
  app.get("/openapi.json", (c) => {
    const { origin } = new URL(c.req.url);
    return c.json(app.getOpenAPI31Document({ ...DOCUMENT, servers: [{ url: origin }] }));
  });
}

const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "Tensorgate",
    version: "0.1.0",
    description: "An ONNX model in, a metered HTTPS endpoint out. Inference speaks the Open Inference Protocol V2.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  tags: [
    { name: "Inference", description: "Running models, in the terms of the Open Inference Protocol V2." },
    { name: "Models", description: "Models, versions and aliases." },
    { name: "API keys", description: "Who may call." },
    { name: "Usage", description: "What was used." },
    { name: "Operator", description: "For whoever runs the service." },
    { name: "Service", description: "The server itself." },
  ],
};
