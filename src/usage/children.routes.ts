import { createRoute, z } from "@hono/zod-openapi";
import { json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { isChildOf } from "../members/hierarchy.service.ts";
import { isId } from "../shared/ids.ts";
import { intervalsOf } from "./fleet-report.rules.ts";
import { fleetQuerySchema, fleetUsageSchema, presentFleet } from "./fleet.schemas.ts";
import { sumFleet, totalFleet } from "./fleet.store.ts";
import { MAX_INTERVALS } from "./usage.rules.ts";

const THIRTY_DAYS_MS = 30 * 86_400_000;

const childUsageRoute = createRoute({
  method: "get",
  path: "/v1/children/{tenant_id}/usage",
  operationId: "readChildUsage",
  summary: "Read what an organization below this one used",
  description:
    "Needs the scope `usage:read`. Sums alone, a minute or two old: nothing of the child's models, keys, members or ledger. An hour " +
    "belongs to the answer if it begins within it.",
  tags: ["Usage"],
  ...needs("usage:read"),
  request: {
    params: z.object({ tenant_id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }) }),
    query: fleetQuerySchema.pick({ from: true, to: true, granularity: true }),
  },
  responses: {
    200: json(fleetUsageSchema, "The usage, by time; intervals without any are left out."),
    ...problems,
  },
});

/** What children used, by their parent. */
export const childrenRoutes = createRouter().openapi(childUsageRoute, async (c) => {
  const { tenant_id: childId } = c.req.valid("param");
  const { from, to, granularity } = c.req.valid("query");
  const { db, now } = c.var.services;
  if (!isId("ten", childId) || !(await isChildOf(c.var.caller.tenantId, c.var.services, childId))) {
    return problem(c, "tenant-not-found", `There is no organization "${childId}" below this one.`);
  }
  const toMs = to === undefined ? now() + 1 : Date.parse(to);
  const fromMs = from === undefined ? toMs - THIRTY_DAYS_MS : Date.parse(from);
  if (fromMs >= toMs) return problem(c, "invalid-request", "from: must be before to.");
  const query = { fromMs, toMs, granularity, tenantId: childId };
  if (intervalsOf(query) > MAX_INTERVALS) {
    const detail = `granularity: the answer would hold more than ${MAX_INTERVALS} intervals; ask for a shorter time or a coarser granularity.`;
    return problem(c, "invalid-request", detail);
  }
  return c.json(presentFleet(query, await sumFleet(db, query), await totalFleet(db, query), null), 200);
});
