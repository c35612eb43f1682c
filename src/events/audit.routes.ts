import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { pageOf, problems, toPage } from "../http/contract.ts";
import { NDJSON, linesOf, wantedFormat } from "../http/json-lines.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { needs, needsPlatform } from "../identity/needs.ts";
import { isId } from "../shared/ids.ts";
import { DEFAULT_ACTS, auditEventSchema, auditLinesSchema, auditQuerySchema, presentEvent } from "./audit.schemas.ts";
import { type AuditScope, exportAudit, readAudit } from "./audit.service.ts";

const responses = {
  200: {
    description: "One page of acts, newest first, or an export.",
    content: { "application/json": { schema: pageOf(auditEventSchema) }, [NDJSON]: { schema: auditLinesSchema } },
  },
  ...problems,
};

const readAuditRoute = createRoute({
  method: "get",
  path: "/v1/audit",
  operationId: "readAudit",
  summary: "Read what was done",
  description:
    "Needs the scope `audit:read`. Every act that bears on the security of the tenant, newest first: who did it, from where, and what " +
    "changed. In JSON Lines, all of them come in one answer. See docs/audit.md.",
  tags: ["Audit"],
  ...needs("audit:read"),
  request: { query: auditQuerySchema },
  responses,
});

const tenantId = z.string().optional().openapi({ description: "What concerns this tenant; all when left out." });

const readPlatformAuditRoute = createRoute({
  method: "get",
  path: "/admin/audit",
  operationId: "readPlatformAudit",
  summary: "Read what was done, in all tenants",
  description: "What concerns any tenant, one of them, a person or the platform itself, newest first.",
  tags: ["Operator"],
  ...needsPlatform("audit:read:platform"),
  request: { query: auditQuerySchema.extend({ tenant_id: tenantId }) },
  responses,
});

/** What was done that bears on security. */
export const auditRoutes = createRouter()
  .openapi(readAuditRoute, async (c) => await answerWith(c, c.var.caller.tenantId, c.req.valid("query")))
  .openapi(readPlatformAuditRoute, async (c) => {
    const { tenant_id: tenant, ...query } = c.req.valid("query");
    if (tenant === undefined) return await answerWith(c, "platform", query);
    if (!isId("ten", tenant)) return problem(c, "tenant-not-found", `There is no tenant "${tenant}".`);
    return await answerWith(c, tenant, query);
  });

async function answerWith(c: Context<AppEnv>, scope: AuditScope, query: z.infer<typeof auditQuerySchema>) {
  const { act, actor_id: actorId, target_id: targetId, from, to, limit, after, format } = query;
  const msOf = (moment: string | undefined) => (moment === undefined ? undefined : Date.parse(moment));
  const filter = { act, actorId, targetId, fromMs: msOf(from), toMs: msOf(to), after };
  const { db } = c.var.services;
  if ((format ?? wantedFormat(c)) === "ndjson") {
    return linesOf(exportAudit(scope, db, { ...filter, most: limit ?? Infinity }, presentEvent));
  }
  const most = limit ?? DEFAULT_ACTS;
  const rows = await readAudit(scope, db, { ...filter, limit: most + 1 });
  return c.json(
    toPage(rows, most, ({ id }) => id, presentEvent),
    200,
  );
}
