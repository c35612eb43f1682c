import { createRoute, z } from "@hono/zod-openapi";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { idempotencyKey } from "../http/idempotency.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { isId } from "../shared/ids.ts";
import { creditGrantSchema, newCreditGrantSchema, presentGrant } from "./credits.schemas.ts";
import { grantCredit } from "./credits.service.ts";
import { needsPlatformWithKey } from "../identity/needs.ts";

const grantCreditRoute = createRoute({
  method: "post",
  path: "/admin/tenants/{tenant_id}/credits",
  operationId: "grantCredit",
  summary: "Grant a tenant credit",
  description:
    "Credit that a prepaid tenant's calls are paid from. The `Idempotency-Key` is the grant's id: repeating the call grants " +
    "nothing more. When it returns, the next call may be paid from it.",
  tags: ["Operator"],
  ...needsPlatformWithKey("credits:write:platform", jsonBody),
  request: {
    params: z.object({ tenant_id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }) }),
    headers: z.object({ "idempotency-key": z.string().openapi({ example: '"invoice-2026-11"' }) }),
    body: jsonRequest(newCreditGrantSchema),
  },
  responses: { 200: json(creditGrantSchema, "The grant."), ...problems },
});

/** Credit in advance, by the operator of the service. */
export const creditRoutes = createRouter().openapi(grantCreditRoute, async (c) => {
  const { tenant_id: tenantId } = c.req.valid("param");
  const key = idempotencyKey(c);
  if (key === undefined) throw new Error("The route requires the header.");
  if (key instanceof Response) return key;
  const { amount_micro_usd: amountMicroUsd, reason } = c.req.valid("json");
  const granting = isId("ten", tenantId)
    ? await grantCredit(tenantId, c.var.services, { id: key, amountMicroUsd, reason }, doerOf(c))
    : { kind: "tenant-not-found" as const };
  switch (granting.kind) {
    case "granted":
      return c.json(presentGrant(granting.grant), 200);
    case "tenant-not-found":
      return problem(c, "tenant-not-found", `There is no tenant "${tenantId}".`);
    case "another-grant":
      return problem(c, "idempotency-mismatch", "This Idempotency-Key belongs to a grant of another amount or reason.");
  }
});
