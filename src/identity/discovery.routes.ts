import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../http/context.ts";
import { json, problems } from "../http/contract.ts";
import { createRouter } from "../http/router.ts";
import { metadataOf } from "./metadata.rules.ts";
import { KEY_SET_SECONDS } from "./signing-keys.rules.ts";
import { readKeySet } from "./signing-keys.service.ts";

/** What is the same for everybody may be kept, and read by any page. */
const published = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  c.res.headers.set("Cache-Control", `public, max-age=${KEY_SET_SECONDS}`);
  c.res.headers.set("Access-Control-Allow-Origin", "*");
});

const documentSchema = z.looseObject({ issuer: z.string() }).openapi("AuthorizationServerMetadata", {
  example: { issuer: "https://api.example.com", token_endpoint: "https://api.example.com/auth/oauth2/token" },
});

const common = {
  method: "get" as const,
  tags: ["Service"],
  security: [],
  middleware: published,
  responses: { 200: json(documentSchema, "The metadata."), ...problems },
};

const openIdRoute = createRoute({
  ...common,
  path: "/.well-known/openid-configuration",
  operationId: "openIdConfiguration",
  summary: "Describe the authorization server to OpenID clients",
});

const oauthRoute = createRoute({
  ...common,
  path: "/.well-known/oauth-authorization-server",
  operationId: "authorizationServerMetadata",
  summary: "Describe the authorization server to OAuth clients",
});

/**
 * What clients read before anything else: the authorization server's metadata, and the keys that its tokens are signed with.
 *
 * @see RFC 8414, OpenID Connect Discovery 1.0 section 4, RFC 7517
 */
export const discoveryRoutes = createRouter()
  .openapi(openIdRoute, async (c) => c.json(await describe(c), 200))
  .openapi(oauthRoute, async (c) => c.json(await describe(c), 200));

discoveryRoutes.get("/auth/jwks", published, async (c) => {
  const { issuer, authServer } = c.var.services;
  const keys = await readKeySet(c.var.services);
  if (keys.length > 0) return c.json({ keys });
  // Before the first token there is no key: asked for its own set, the server makes one.
  await (await authServer()).handler(new Request(`${issuer}/auth/jwks`));
  return c.json({ keys: await readKeySet(c.var.services) });
});

async function describe(c: Context<AppEnv>) {
  const { issuer, authServer } = c.var.services;
  const server = await authServer();
  const provided = await server.handler(new Request(`${issuer}/.well-known/openid-configuration`));
  return { ...metadataOf(documentSchema.parse(await provided.json()), issuer), issuer };
}
