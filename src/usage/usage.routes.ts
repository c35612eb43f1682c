import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { API_KEY_SECURITY, json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { requires } from "../identity/guards.ts";
import { GRANULARITY_MS, MAX_INTERVALS } from "./usage.rules.ts";
import { presentUsage, usageQuerySchema, usageSchema } from "./usage.schemas.ts";

const usageRoute = createRoute({
  method: "get",
  path: "/v1/usage",
  operationId: "readUsage",
  summary: "Read what was used",
  description:
    "Needs the scope `usage:read`. Summed from the ledger itself, so it holds every admitted call. Compute time and bytes " +
    "are there once a call has ended.",
  tags: ["Usage"],
  security: API_KEY_SECURITY,
  middleware: requires("usage:read"),
  request: { query: usageQuerySchema },
  responses: {
    200: json(usageSchema, "The usage, by interval, oldest first; intervals without any are left out."),
    ...problems,
  },
});

/** Usage, from the tenant's ledger. */
export const usageRoutes = createRouter().openapi(usageRoute, async (c) => {
  const { from, to, granularity, group_by: groupBy } = c.req.valid("query");
  const toMs = to === undefined ? c.var.services.now() + 1 : Date.parse(to);
  const fromMs = from === undefined ? toMs - GRANULARITY_MS.day : Date.parse(from);
  if (fromMs >= toMs) return problem(c, "invalid-request", "from: must be before to.");
  if ((toMs - fromMs) / GRANULARITY_MS[granularity] > MAX_INTERVALS) {
    return problem(
      c,
      "invalid-request",
      `granularity: from and to span more than ${MAX_INTERVALS} intervals of a ${granularity}.`,
    );
  }
  const query = { fromMs, toMs, granularity, groupByModel: groupBy === "model" };
  const rows = await c.var.services.cell(c.var.caller.tenantId).usage(query);
  return c.json(presentUsage(query, rows), 200);
});
