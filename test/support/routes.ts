import { app } from "../../src/app.ts";

/** One route of the app: its method, and its path as Hono writes it (`/v1/models/:model`). */
export interface AppRoute {
  readonly method: string;
  readonly path: string;
}

/** Whether a route is better-auth's, whose words and errors are those of OAuth or its own. */
export function isBetterAuths({ path }: Pick<AppRoute, "path">): boolean {
  return path.startsWith("/auth/");
}

/** Every route of the app once, middleware that stands before all routes left out. */
export function allRoutes(): AppRoute[] {
  const routes = new Map<string, AppRoute>();
  for (const { method, path } of app.routes) {
    if (method !== "ALL") routes.set(`${method} ${path}`, { method, path });
  }
  return [...routes.values()];
}

/** Put values in the place of a path's parameters. A parameter without a value is an error: whoever adds one tells of it. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`No test knows a value for the parameter :${name} of ${path}.`);
    return value;
  });
}
