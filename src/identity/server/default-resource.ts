import type { BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";
import { API_AUDIENCE } from "../access-tokens.ts";

/**
 * Tokens are for this API where a client names no other: without `resource`, it would be given opaque ones, which the API doesn't take.
 *
 * A code, a device code and a refresh token keep the resource that they were asked with.
 *
 * @see RFC 8707 section 2
 */
export const defaultResource = {
  id: "default-resource",
  hooks: {
    before: [
      {
        matcher: ({ path }) => path === "/oauth2/authorize",
        handler: createAuthMiddleware(async (ctx) => {
          const query = withResource(ctx.query);
          // the provider reads a POST's parameters from its body
          const body = ctx.method === "POST" ? withResource(ctx.body) : undefined;
          return await Promise.resolve({ context: { ...(query && { query }), ...(body && { body }) } });
        }),
      },
      {
        matcher: ({ path }) => path === "/oauth2/token" || path === "/device/code",
        handler: createAuthMiddleware(async (ctx) => {
          const isBound = ctx.path === "/oauth2/token" && fieldOf(ctx.body, "grant_type") !== "client_credentials";
          const body = isBound ? undefined : withResource(ctx.body);
          return await Promise.resolve(body && { context: { body } });
        }),
      },
    ],
  },
} satisfies BetterAuthPlugin;

/** The parameters with a resource; undefined where they name one. */
function withResource(parameters: unknown): Record<string, unknown> | undefined {
  const named = fieldOf(parameters, "resource");
  if (named !== undefined && named !== "") return undefined;
  return { ...(typeof parameters === "object" ? parameters : {}), resource: API_AUDIENCE };
}

/** What a request says under a name, if it has such parameters at all. */
export function fieldOf(parameters: unknown, name: string): unknown {
  return new Map<string, unknown>(Object.entries(parameters ?? {})).get(name);
}
