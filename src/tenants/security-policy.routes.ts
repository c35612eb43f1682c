import { createRoute } from "@hono/zod-openapi";
import { auditRow } from "../events/audit.rules.ts";
import { json, jsonRequest, problems } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { createRouter } from "../http/router.ts";
import { needs } from "../identity/needs.ts";
import { presentSecurityPolicy, securityPolicyFrom, securityPolicySchema } from "./security-policy.schemas.ts";
import { findSecurityPolicy, updateSecurityPolicy } from "./security-policy.store.ts";

const common = { path: "/v1/security-policy", tags: ["People"] };

const readRoute = createRoute({
  ...common,
  method: "get",
  operationId: "readSecurityPolicy",
  summary: "Read how people must log in",
  description: "Needs the scope `organization:read`.",
  ...needs("organization:read"),
  responses: { 200: json(securityPolicySchema, "What is asked for beyond what everybody is asked for."), ...problems },
});

const changeRoute = createRoute({
  ...common,
  method: "put",
  operationId: "changeSecurityPolicy",
  summary: "Say how people must log in",
  description:
    "Needs the scope `organization:write`. Replaces the policy: what is left out is not asked for any more. A person of several " +
    "organisations is held to the strictest of them. See docs/people.md.",
  ...needs("organization:write", jsonBody),
  request: { body: jsonRequest(securityPolicySchema) },
  responses: { 200: json(securityPolicySchema, "The policy as it is now."), ...problems },
});

/** How a tenant's people must log in, by the tenant. */
export const securityPolicyRoutes = createRouter()
  .openapi(readRoute, async (c) => {
    const policy = await findSecurityPolicy(c.var.caller.tenantId, c.var.services.db);
    return c.json(presentSecurityPolicy(policy ?? {}), 200);
  })
  .openapi(changeRoute, async (c) => {
    const { tenantId } = c.var.caller;
    const { db, now } = c.var.services;
    const after = c.req.valid("json");
    const before = presentSecurityPolicy((await findSecurityPolicy(tenantId, db)) ?? {});
    const changed = { before: { security_policy: before }, after: { security_policy: after } };
    const audit = auditRow(
      { ...doerOf(c), act: "organization.changed", tenantId, targetId: tenantId, ...changed },
      now(),
    );
    await updateSecurityPolicy(tenantId, db, securityPolicyFrom(after), audit);
    return c.json(after, 200);
  });
