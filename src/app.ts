import { auditRoutes } from "./events/audit.routes.ts";
import { outboxRoutes } from "./email/outbox.routes.ts";
import { createRouter } from "./http/router.ts";
import { onFault } from "./http/faults.ts";
import { cors } from "./http/cors.ts";
import { headerLimits } from "./http/header-limits.ts";
import { serveOpenApi } from "./http/openapi.ts";
import { requestId } from "./http/request-id.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { serverRoutes } from "./http/server.routes.ts";
import { unrouted } from "./http/unrouted.ts";
import { authRoutes } from "./identity/auth.routes.ts";
import { clientRoutes } from "./identity/clients.routes.ts";
import { discoveryRoutes } from "./identity/discovery.routes.ts";
import { keyRoutes } from "./identity/keys.routes.ts";
import { peopleRoutes } from "./identity/people.routes.ts";
import { leakRoutes } from "./identity/leaks.routes.ts";
import { signingKeyRoutes } from "./identity/signing-keys.routes.ts";
import { inferenceRoutes } from "./inference/inference.routes.ts";
import { invitationRoutes } from "./members/invitations.routes.ts";
import { memberRoutes } from "./members/members.routes.ts";
import { organizationRoutes } from "./members/organizations.routes.ts";
import { roleRoutes } from "./members/roles.routes.ts";
import { teamMemberRoutes } from "./members/team-members.routes.ts";
import { teamRoutes } from "./members/teams.routes.ts";
import { downloadRoutes } from "./models/download.routes.ts";
import { backendRoutes } from "./models/backend.routes.ts";
import { metadataRoutes } from "./models/metadata.routes.ts";
import { aliasRoutes } from "./models/aliases.routes.ts";
import { modelRoutes } from "./models/models.routes.ts";
import { repositoryRoutes } from "./models/repository.routes.ts";
import { servingRoutes } from "./models/serving.routes.ts";
import { statisticsRoutes } from "./models/statistics.routes.ts";
import { uploadRoutes } from "./models/upload.routes.ts";
import { versionRoutes } from "./models/versions.routes.ts";
import { warmupRoutes } from "./models/warmup.routes.ts";
import { createServices } from "./services.ts";
import { corsRoutes } from "./tenants/cors.routes.ts";
import { creditRoutes } from "./tenants/credits.routes.ts";
import { securityPolicyRoutes } from "./tenants/security-policy.routes.ts";
import { tenantRoutes } from "./tenants/tenants.routes.ts";
import { childrenRoutes } from "./usage/children.routes.ts";
import { fleetRoutes } from "./usage/fleet.routes.ts";
import { ledgerRoutes } from "./usage/ledger.routes.ts";
import { liveRoutes } from "./usage/live.routes.ts";
import { currentRoutes } from "./usage/current.routes.ts";
import { usageRoutes } from "./usage/usage.routes.ts";

/**
 * The map of the Worker: what every request passes, in order, and then the features.
 *
 * Who may call is declared at each route, beside its schema: `authenticated`, `requires(scope)` or `operatorOnly`.
 */
export const app = createRouter();

app.use(securityHeaders);
app.use(requestId);
app.use(headerLimits);
app.use(cors);
app.use(async (c, next) => {
  c.set(
    "services",
    createServices(c.env, c.req.raw, (promise) => c.executionCtx.waitUntil(promise)),
  );
  await next();
});

app.route("/", inferenceRoutes); //  POST /v2/models/{model}[/versions/{version}]/infer
app.route("/", statisticsRoutes); // GET  /v2/models[/{model}…]/stats
app.route("/", metadataRoutes); //   GET  /v2/models/{model}…
app.route("/", repositoryRoutes); // POST /v2/repository/…
app.route("/", serverRoutes); //     GET  /v2, /v2/health/…, /errors/{code}
app.route("/", modelRoutes); //           /v1/models…
app.route("/", versionRoutes); //         /v1/models/{model}/versions/{version}…
app.route("/", warmupRoutes); //     POST /v1/models/{model}/versions/{version}/warmup
app.route("/", aliasRoutes); //           /v1/models/{model}/aliases/{alias}
app.route("/", servingRoutes); //         /v1/models/{model}/traffic, …/promote, …/rollback
app.route("/", uploadRoutes); //     POST /v1/models/{model}/versions
app.route("/", backendRoutes); //    POST /v1/models/{model}/backends
app.route("/", downloadRoutes); //   GET  /files/{link}
app.route("/", discoveryRoutes); //  GET  /.well-known/…, /auth/jwks
app.route("/", authRoutes); //            /auth/…
app.route("/", peopleRoutes); //          /admin/people…
app.route("/", keyRoutes); //             /v1/keys…
app.route("/", organizationRoutes); //    /v1/organization, /v1/parent-access, /v1/children
app.route("/", memberRoutes); //          /v1/members…
app.route("/", invitationRoutes); //      /v1/invitations…
app.route("/", roleRoutes); //            /v1/roles…
app.route("/", teamRoutes); //            /v1/teams…
app.route("/", teamMemberRoutes); //      /v1/teams/{team_id}/members…
app.route("/", leakRoutes); //       POST /secret-scanning/alerts
app.route("/", clientRoutes); //          /v1/clients…
app.route("/", corsRoutes); //            /v1/cors
app.route("/", auditRoutes); //      GET  /v1/audit, /admin/audit
app.route("/", securityPolicyRoutes); //  /v1/security-policy
app.route("/", usageRoutes); //      GET  /v1/usage
app.route("/", childrenRoutes); //   GET  /v1/children/{tenant_id}/usage
app.route("/", liveRoutes); //       GET  /v1/usage/live
app.route("/", ledgerRoutes); //     GET  /v1/usage/ledger…
app.route("/", currentRoutes); //    GET  /v1/usage/current, /v1/usage/alerts
app.route("/", tenantRoutes); //          /admin/tenants…
app.route("/", creditRoutes); //     POST /admin/tenants/{tenant_id}/credits
app.route("/", fleetRoutes); //           /admin/usage…
app.route("/", signingKeyRoutes); //      /admin/signing-keys…
app.route("/", outboxRoutes); //     GET  /dev/outbox…, where mails are kept instead of sent

serveOpenApi(app); //                GET  /openapi.json
app.notFound(unrouted(app.routes));
app.onError(onFault);
