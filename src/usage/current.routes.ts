import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, pageOf, problems, toPage } from "../http/contract.ts";
import { alertSchema, presentAlert } from "./alerts.schemas.ts";
import { currentSchema, presentCurrent } from "./current.schemas.ts";
import { needs } from "../identity/needs.ts";

const currentRoute = createRoute({
  method: "get",
  path: "/v1/usage/current",
  operationId: "readCurrentUsage",
  summary: "Read every limit, and what is left of it now",
  description:
    "Needs the scope `usage:read`. The tenant's own limits are all there; of those per key and per model, the ones of which " +
    "anything was ever used.",
  tags: ["Usage"],
  ...needs("usage:read"),
  responses: { 200: json(currentSchema, "The limits, as of `at`."), ...problems },
});

const alertsRoute = createRoute({
  method: "get",
  path: "/v1/usage/alerts",
  operationId: "listUsageAlerts",
  summary: "List which shares of quotas were reached",
  description:
    "Needs the scope `usage:read`. At 50, 80, 90 and 100 % of every quota and of the spend cap, once in each window; kept for " +
    "400 days.",
  tags: ["Usage"],
  ...needs("usage:read"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(alertSchema), "One page of alerts, the latest first."), ...problems },
});

/** What is left, and what was told about it. */
export const currentRoutes = createRouter()
  .openapi(currentRoute, async (c) => {
    const current = await c.var.services.cell(c.var.caller.tenantId).current();
    if (!current) throw new Error("The tenant has gone.");
    return c.json(presentCurrent(current), 200);
  })
  .openapi(alertsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const alerts = await c.var.services.cell(c.var.caller.tenantId).alerts(after, limit + 1);
    return c.json(
      toPage(alerts, limit, ({ id }) => id, presentAlert),
      200,
    );
  });
