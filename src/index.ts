import { app } from "./app.ts";

export { IsolateHost } from "../durable-objects/isolate-host.ts";
export { LargeModelBackend } from "../durable-objects/large-model-backend.ts";
export { TenantCell } from "../durable-objects/tenant-cell.ts";

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
