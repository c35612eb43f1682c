import { app } from "./app.ts";
import { keepHouse } from "./identity/hourly.service.ts";
import { createBackgroundServices } from "./services.ts";
import { USAGE_QUEUE, recordHours } from "./usage/fleet.service.ts";
import { reconcileInTurn } from "./usage/reconciliation.service.ts";

export { AttemptLimiter } from "../durable-objects/attempt-limiter.ts";
export { IsolateHost } from "../durable-objects/isolate-host.ts";
export { LargeModelBackend } from "../durable-objects/large-model-backend.ts";
export { TenantCell } from "../durable-objects/tenant-cell.ts";

export default {
  fetch: app.fetch,
  queue: async (batch, env) => {
    if (batch.queue !== USAGE_QUEUE) throw new Error(`Nobody takes messages from the queue ${batch.queue}.`);
    await recordHours(batch, createBackgroundServices(env).db);
  },
  scheduled: async (_event, env) => {
    const services = createBackgroundServices(env);
    const done = await Promise.allSettled([reconcileInTurn(services), keepHouse(services)]);
    for (const one of done) if (one.status === "rejected") throw one.reason;
  },
} satisfies ExportedHandler<Env>;
