import { createRoute } from "@hono/zod-openapi";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { isId } from "../shared/ids.ts";
import { intervalsOf } from "./fleet-report.rules.ts";
import { fleetQuerySchema, fleetUsageSchema, presentFleet } from "./fleet.schemas.ts";
import { sumFleet, tenantsWithUsage, totalFleet } from "./fleet.store.ts";
import { presentReconciliation, reconcileSchema, reconciliationSchema } from "./reconciliation.schemas.ts";
import { reconcile } from "./reconciliation.service.ts";
import { MAX_INTERVALS } from "./usage.rules.ts";
import { needsPlatform } from "../identity/needs.ts";

const THIRTY_DAYS_MS = 30 * 86_400_000;

const fleetUsageRoute = createRoute({
  method: "get",
  path: "/admin/usage",
  operationId: "readFleetUsage",
  summary: "Read what tenants used",
  description:
    "Across all tenants, or one. Each tenant's hours arrive here a minute or two after they change; `as_of` says how new they are. " +
    "An hour belongs to the answer if it begins within it. With `group_by=tenant`, pages hold `limit` tenants each.",
  tags: ["Operator"],
  ...needsPlatform("fleet:read:platform"),
  request: { query: fleetQuerySchema },
  responses: {
    200: json(fleetUsageSchema, "The usage, by tenant, then by time; intervals without any are left out."),
    ...problems,
  },
});

const reconcileRoute = createRoute({
  method: "post",
  path: "/admin/usage/reconcile",
  operationId: "reconcileUsage",
  summary: "Compare tenants' ledgers with what reports are made of",
  description:
    "One tenant, or all, some at a time: pass `next` as `after` until it is null. Hours of the last seven days are compared one by " +
    "one, all older ones as one sum. What a cell has not told yet, or told within the last hour, is no difference. It also runs by " +
    "itself, every hour. May be repeated.",
  tags: ["Operator"],
  ...needsPlatform("tenants:write:platform", jsonBody),
  request: { body: jsonRequest(reconcileSchema) },
  responses: { 200: json(reconciliationSchema, "Where they differ."), ...problems },
});

/** Usage across tenants, by the operator of the service. */
export const fleetRoutes = createRouter();

fleetRoutes.openapi(reconcileRoute, async (c) => {
  const { tenant, limit, after } = c.req.valid("json");
  if (tenant !== undefined && !isId("ten", tenant)) return problem(c, "tenant-not-found", noTenant(tenant));
  const found = await reconcile(c.var.services, { tenantId: tenant, limit, after });
  if (tenant !== undefined && found.checked === 0) return problem(c, "tenant-not-found", noTenant(tenant));
  return c.json(presentReconciliation(found), 200);
});

fleetRoutes.openapi(fleetUsageRoute, async (c) => {
  const { from, to, granularity, group_by: groupBy, tenant, limit, after } = c.req.valid("query");
  const { db, now } = c.var.services;
  const toMs = to === undefined ? now() + 1 : Date.parse(to);
  const fromMs = from === undefined ? toMs - THIRTY_DAYS_MS : Date.parse(from);
  if (fromMs >= toMs) return problem(c, "invalid-request", "from: must be before to.");
  if (tenant !== undefined && !isId("ten", tenant)) {
    return problem(c, "invalid-request", `tenant: "${tenant}" is no tenant's id.`);
  }
  const query = { fromMs, toMs, granularity, tenantId: tenant };
  const tenantsShown = groupBy === "tenant" && tenant === undefined ? limit : 1;
  if (intervalsOf(query) * tenantsShown > MAX_INTERVALS) {
    return problem(
      c,
      "invalid-request",
      `granularity: the answer would hold more than ${MAX_INTERVALS} intervals; ask for a shorter time, a coarser granularity or fewer tenants (limit).`,
    );
  }
  const whole = await totalFleet(db, query);
  if (groupBy !== "tenant") return c.json(presentFleet(query, await sumFleet(db, query), whole, null), 200);
  const found = await tenantsWithUsage(db, query, { limit, after });
  const tenantIds = found.slice(0, limit);
  const next = found.length > limit ? (tenantIds.at(-1) ?? null) : null;
  return c.json(presentFleet(query, await sumFleet(db, query, { tenantIds }), whole, next), 200);
});

function noTenant(tenant: string): string {
  return `tenant: there is no tenant "${tenant}".`;
}
