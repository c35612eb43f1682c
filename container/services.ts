import type { HttpBindings } from "@hono/node-server";
import type { ContainerConfig } from "./config.ts";
import type { Gate } from "./gate.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Models } from "./models.ts";
import type { Surroundings } from "./pool/model-processes.ts";

/** What the routes work with, built once by server.ts. */
export interface Services {
  readonly config: ContainerConfig;
  readonly around: Surroundings;
  readonly models: Models;
  readonly gate: Gate;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What a request comes with: Node's own request beside the web's. */
export interface Served {
  readonly Bindings: HttpBindings;
}
