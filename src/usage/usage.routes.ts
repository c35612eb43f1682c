import { createRoute, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { createRouter } from "../http/router.ts";
import { json, problems } from "../http/contract.ts";
import { problem } from "../http/problem.ts";
import { CSV_TYPE } from "../shared/csv.ts";
import { LEAST_MS, MAX_INTERVALS, MAX_ROWS, type UsageQuery } from "./usage.rules.ts";
import { presentUsage, tabulateUsage, usageQueryFrom, usageQuerySchema, usageSchema } from "./usage.schemas.ts";
import { needs } from "../identity/needs.ts";

const answer = json(usageSchema, "The usage, by interval, oldest first; intervals without any are left out.");

const usageRoute = createRoute({
  method: "get",
  path: "/v1/usage",
  operationId: "readUsage",
  summary: "Read what was used",
  description:
    "Needs the scope `usage:read`. Equal to the ledger at every moment: it holds every admitted call, in the minute of its " +
    "admission. Compute time and bytes are there once a call has ended. Minutes are kept for 32 days, hours for 400, days " +
    "for good; `from` and `to` are rounded outward to what is kept of their age. As CSV with `Accept: text/csv`.",
  tags: ["Usage"],
  ...needs("usage:read"),
  request: { query: usageQuerySchema },
  responses: {
    200: { ...answer, content: { ...answer.content, "text/csv": { schema: z.string() } } },
    ...problems,
  },
});

/** Usage, from the tenant's ledger. */
export const usageRoutes = createRouter().openapi(usageRoute, async (c) => {
  const wire = c.req.valid("query");
  const query = usageQueryFrom(wire, c.var.services.now());
  const fault = faultOf(query);
  if (fault !== undefined) return problem(c, "invalid-request", fault);
  const usage = await c.var.services.cell(c.var.caller.tenantId).usage(query);
  if (usage.kind === "too-many-rows") return problem(c, "invalid-request", TOO_MANY_ROWS);
  const supports = ["application/json", "text/csv"];
  const isCsv = wire.format
    ? wire.format === "csv"
    : accepts(c, { header: "Accept", supports, default: "application/json" }) === "text/csv";
  c.header("Vary", "Accept");
  if (!isCsv) return c.json(presentUsage(query, usage), 200);
  return c.text(tabulateUsage(query, usage), 200, {
    "Content-Type": CSV_TYPE,
    "Content-Disposition": 'attachment; filename="usage.csv"',
  });
});

const TOO_MANY_ROWS =
  `The answer would have more than ${MAX_ROWS} rows: bring from and to closer together, choose a coarser granularity, ` +
  "group by less, or name one model or key.";

/** Why a question can't be answered, and what would help. */
function faultOf({ fromMs, toMs, granularity, only }: UsageQuery): string | undefined {
  if (fromMs >= toMs) return "from: must be before to.";
  if (only.version !== undefined && only.model === undefined) return "version: needs model too.";
  if ((toMs - fromMs) / LEAST_MS[granularity] <= MAX_INTERVALS) return undefined;
  return (
    `granularity: from and to span more than ${MAX_INTERVALS} intervals of a ${granularity}; ` +
    "bring them closer together, or choose a coarser one."
  );
}
