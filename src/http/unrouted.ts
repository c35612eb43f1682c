import type { Context } from "hono";
import type { RouterRoute } from "hono/types";
import type { AppEnv } from "./context.ts";
import { problem } from "./problem.ts";

/**
 * Answer what no route has taken: 405 with the methods that the path does take, or 404.
 *
 * @param routes  the app's own routes, from which the methods are read
 */
export function unrouted(routes: readonly RouterRoute[]): (c: Context<AppEnv>) => Response {
  return (c) => {
    const allowed = methodsOf(c.req.path, routes);
    if (allowed.length === 0) return problem(c, "route-not-found", `There is no route ${c.req.path}.`);
    const detail = `${c.req.path} takes ${allowed.join(", ")}, not ${c.req.method}.`;
    return problem(c, "method-not-allowed", detail, { headers: { Allow: allowed.join(", ") } });
  };
}

function methodsOf(path: string, routes: readonly RouterRoute[]): string[] {
  const methods = new Set<string>();
  for (const route of routes) {
    if (route.method === "ALL" || !patternOf(route.path).test(path)) continue;
    methods.add(route.method);
    if (route.method === "GET") methods.add("HEAD");
  }
  return [...methods].toSorted();
}

function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : RegExp.escape(part)));
  return new RegExp(`^${parts.join("/")}$`);
}
