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
  registry.registerComponent("securitySchemes", "accessToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "An access token of a person or a client, of five minutes; what stands with it is the permission it must hold.",
  });
  registry.registerComponent("securitySchemes", "operatorToken", {
    type: "http",
    scheme: "bearer",
    description: "The operator's token, ADMIN_TOKEN.",
  });
  registry.registerComponent("parameters", "IdempotencyKey", IDEMPOTENCY_KEY);
  app.get("/openapi.json", (c) => {
    const { origin } = new URL(c.req.url);
    const document = app.getOpenAPI31Document({ ...DOCUMENT, servers: [{ url: origin }] });
    return c.json({ ...document, paths: withIdempotencyKey(document.paths ?? {}) });
  });
}

type Paths = NonNullable<ReturnType<OpenAPIHono<AppEnv>["getOpenAPI31Document"]>["paths"]>;

/** What the guards read on every route that changes something, stated on every such route that does not state it itself. */
function withIdempotencyKey(paths: Paths): Paths {
  const parameter = { $ref: "#/components/parameters/IdempotencyKey" };
  const isOwn = (stated: object): boolean => "name" in stated && stated.name === "idempotency-key";
  const stated = Object.entries(paths).map(([path, item]): [string, Paths[string]] => {
    const changed = { ...item };
    for (const method of ["post", "put", "patch", "delete"] as const) {
      const operation = item[method];
      const parameters = operation?.parameters ?? [];
      if (!operation || parameters.some(isOwn)) continue;
      changed[method] = { ...operation, parameters: [...parameters, parameter] };
    }
    return [path, changed];
  });
  return Object.fromEntries(stated);
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header" as const,
  required: false,
  description:
    "A name of the caller's own for this request, as a quoted string of 1 to 255 characters. The same request with the same key is " +
    "carried out once: for 24 hours its repetitions get the first answer, with `Idempotent-Replayed: true`; 409 while the first one " +
    "runs, 422 with another payload.",
  schema: { type: "string" as const },
  example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
};

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
    { name: "Organization", description: "The tenant itself, what is above it and what is below." },
    { name: "Members", description: "People, what they may do, and who is asked to join." },
    { name: "People", description: "How people log in." },
    { name: "OAuth clients", description: "Programs that get access tokens, for themselves or for people." },
    { name: "Usage", description: "What was used." },
    { name: "Audit", description: "What was done, and by whom." },
    { name: "Operator", description: "For whoever runs the service." },
    { name: "Service", description: "The server itself." },
  ],
};
