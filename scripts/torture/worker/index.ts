import { app } from "../../../src/app.ts";
import { answerControl, isControl } from "./control.ts";
import { withFaults } from "./faulty-cells.ts";

export { AttemptLimiter } from "../../../durable-objects/attempt-limiter.ts";
export { IsolateHost } from "../../../durable-objects/isolate-host.ts";
export { LargeModelBackend } from "../../../durable-objects/large-model-backend.ts";
export { TornCell as TenantCell } from "./torn-cell.ts";

const INFERENCE = /^\/v2\/.*\/infer$/;

/** The whole API as it ships, with faults between the Worker and the cells of those who infer, and the controls of the run. */
export default {
  fetch: async (request, env, context) => {
    const { pathname } = new URL(request.url);
    if (isControl(pathname)) return await answerControl(request, env);
    return await app.fetch(request, INFERENCE.test(pathname) ? withFaults(env) : env, context);
  },
} satisfies ExportedHandler<Env>;
