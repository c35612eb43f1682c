import { createRouter } from "../http/router.ts";

/**
 * People and the authorization server: all below /auth is better-auth's, whose answers have the form of OAuth or its own.
 *
 * @see https://better-auth.com/docs
 */
export const authRoutes = createRouter();

authRoutes.on(["GET", "POST"], "/auth/*", async (c) => {
  const server = await c.var.services.authServer();
  return await server.handler(c.req.raw);
});
