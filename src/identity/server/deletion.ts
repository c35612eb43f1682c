import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { textOf } from "./request.ts";

/** Who has a password deletes their account with it: better-auth would take a young session for enough. */
export function deletion() {
  return {
    id: "deletion",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path === "/delete-user",
          handler: createAuthMiddleware(async (ctx) => {
            const session = await getSessionFromCtx(ctx);
            if (!session || (textOf(ctx.body, "password") ?? "") !== "") return;
            const account = await ctx.context.internalAdapter.findCredentialAccount(session.user.id);
            if (!account?.password) return;
            throw new APIError("BAD_REQUEST", { code: "INVALID_PASSWORD", message: "password: give yours." });
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}
