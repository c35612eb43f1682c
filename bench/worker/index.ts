import { Hono } from "hono";
import { z } from "zod";
import { app } from "../../src/app.ts";
import type { AppEnv } from "../../src/http/context.ts";
import { authenticated } from "../../src/identity/guards.ts";
import { newId } from "../../src/shared/ids.ts";
import { createServices } from "../../src/services.ts";
import { isWay, wayToCell } from "./cell-ways.ts";
import { endOf, loopSchema, runLoop } from "./loops.ts";
import type { TenantCell } from "./filled-cell.ts";
import { copyTenant, copySchema } from "./tenants.ts";

export { AttemptLimiter } from "../../durable-objects/attempt-limiter.ts";
export { IsolateHost } from "../../durable-objects/isolate-host.ts";
export { LargeModelBackend } from "../../durable-objects/large-model-backend.ts";
export { TenantCell } from "./filled-cell.ts";

const fillSchema = z.object({ tenantId: z.string(), rows: z.number(), keys: z.number() });

const signingKeySchema = z.object({ kid: z.string(), jwk: z.string() });

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

bench.post("/bench/loops", async (c) =>
  c.json(await runLoop(c.var.services, c.env.TENANT_CELL, loopSchema.parse(await c.req.json()))),
);

bench.post("/bench/fill", async (c) => {
  const { tenantId, rows, keys } = fillSchema.parse(await c.req.json());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the generated Env names the product's class, this Worker exports ours
  const cell = c.env.TENANT_CELL.getByName(tenantId) as DurableObjectStub<TenantCell>;
  await Promise.resolve(cell.fill(rows, keys)).catch(() => undefined); // it ends itself
  return c.json({ tenantId });
});

/** The route that the admitted one is held against: the same, without authentication and admission. */
bench.post("/bench/nothing", (c) => c.text(newId("ent", Date.now())));

/** The same route again, behind what reads credentials and asks nobody. */
bench.post("/bench/credentials", authenticated, (c) => c.text(newId("ent", Date.now())));

bench.post("/bench/signing-keys", async (c) => {
  const { kid, jwk } = signingKeySchema.parse(await c.req.json());
  const insert =
    "INSERT INTO signing_keys (id, public_key, private_key, created_at, expires_at) VALUES (?, ?, '', 0, ?)";
  await c.env.DB.prepare(insert).bind(kid, jwk, Date.now()).run(); // it signs no more, so the authorization server leaves it alone
  return c.json({ kid });
});

bench.post("/bench/admissions/:way", authenticated, async (c) => {
  const { tenantId, credential } = c.var.presented;
  const way = c.req.param("way");
  if (!isWay(way)) throw new Error(`There is no way "${way}" to the cell.`);
  const ask = wayToCell(way, tenantId, c.env.TENANT_CELL, (promise) => c.executionCtx.waitUntil(promise));
  const admission = await ask({
    kind: "infer",
    entryId: newId("ent", Date.now()),
    credential,
    address: "",
    origin: undefined,
    bytesIn: 0,
    model: "mnist",
    version: undefined,
    routingKey: undefined,
    idempotency: undefined,
  });
  if (admission.kind !== "admitted") return c.json(admission, 403);
  c.var.services.settle(tenantId, endOf(admission.entryId));
  return c.text(admission.entryId);
});

/** The whole API, so that a benchmark sets itself up as people do, and the benchmark's own routes beside it. */
export default {
  fetch: (request, env, context) =>
    (new URL(request.url).pathname.startsWith("/bench/") ? bench : app).fetch(request, env, context),
} satisfies ExportedHandler<Env>;
