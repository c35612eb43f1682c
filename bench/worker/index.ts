import { Hono } from "hono";
import { app } from "../../src/app.ts";
import type { AppEnv } from "../../src/http/context.ts";
import { authenticated } from "../../src/identity/guards.ts";
import { createServices } from "../../src/services.ts";
import { isWay, wayToCell } from "./cell-ways.ts";
import { loopSchema, runLoop } from "./loops.ts";
import { copyTenant, copySchema } from "./tenants.ts";

export { IsolateHost } from "../../durable-objects/isolate-host.ts";
export { LargeModelBackend } from "../../durable-objects/large-model-backend.ts";
export { TenantCell } from "../../durable-objects/tenant-cell.ts";

/** The benchmark's routes. They run the parts of src/ that admit, without what comes before and after. */
const bench = new Hono<AppEnv>();

bench.use(async (c, next) => {
  c.set(
    "services",
    createServices(c.env, c.req.raw, (promise) => c.executionCtx.waitUntil(promise)),
  );
  await next();
});

bench.post("/bench/tenants", async (c) =>
  c.json(await copyTenant(c.var.services, copySchema.parse(await c.req.json()))),
);

bench.post("/bench/loops", async (c) => c.json(await runLoop(c.var.services, loopSchema.parse(await c.req.json()))));

bench.post("/bench/admissions/:way", authenticated, async (c) => {
  const { tenantId, hash: credential } = c.var.credential;
  const way = c.req.param("way");
  if (!isWay(way)) throw new Error(`There is no way "${way}" to the cell.`);
  const ask = wayToCell(way, tenantId, c.var.services.cells, (promise) => c.executionCtx.waitUntil(promise));
  const admission = await ask({
    kind: "infer",
    credential,
    model: "mnist",
    version: undefined,
    routingKey: undefined,
    idempotency: undefined,
  });
  return admission.kind === "admitted" ? c.text(admission.entryId) : c.json(admission, 403);
});

/** The whole API, so that a benchmark sets itself up as people do, and the benchmark's own routes beside it. */
export default {
  fetch: (request, env, context) =>
    (new URL(request.url).pathname.startsWith("/bench/") ? bench : app).fetch(request, env, context),
} satisfies ExportedHandler<Env>;
