import { OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "./context.ts";
import { problem } from "./problem.ts";

/** One feature's routes. A request that does not fit a route's schema is answered by naming each field at fault. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result, c: Context<AppEnv>) => {
      return result.success ? undefined : refuseFields(c, result.error);
    },
  });
}

/** Name each field that does not fit its schema. */
export function refuseFields(c: Context<AppEnv>, { issues }: Pick<z.ZodError, "issues">) {
  const errors = issues.map((issue) => ({ field: fieldOf(issue.path), message: issue.message }));
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return problem(c, "invalid-request", detail, { members: { errors } });
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "body" : path.map(String).join(".");
}
