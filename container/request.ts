import type { Context } from "hono";
import { CONTAINER_HEADERS } from "../engine/contract.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Services } from "./services.ts";
import { DEFAULT_RUN_LIMIT_MS, MAX_RUN_LIMIT_MS } from "./contract.ts";
import { type ModelSource, readModelSource } from "./model-source.ts";
import type { LoadEnd, ModelProcesses } from "./pool/model-processes.ts";
import { type Refused, refused } from "./problem.ts";

/**
 * The model that a request's path names, made known by the request's source where it wasn't.
 *
 * A version never changes, so the source of a model that has a process is not read.
 */
export function findModel(context: Context, services: Services): ModelProcesses | Refused {
  const id = context.req.param("id") ?? "";
  const loaded = services.models.findLoaded(id);
  if (loaded) return loaded;
  const source = readSource(context, services);
  if (source && "problem" in source) return source;
  const unknown = "The model is not known here; send the header Tensorgate-Model-Source to have it loaded.";
  return services.models.find(id, source) ?? refused("model-not-found", unknown);
}

/** Have the model that a request's path names in a process. */
export async function load(context: Context, services: Services): Promise<LoadEnd> {
  const model = findModel(context, services);
  return "problem" in model ? model : await model.load();
}

/** What the header Tensorgate-Model-Source says, if the request has it. */
export function readSource(context: Context, { config }: Services): ModelSource | Refused | undefined {
  const header = context.req.header(CONTAINER_HEADERS.modelSource);
  return header === undefined ? undefined : readModelSource(header, config.modelOrigins);
}

/** @throws Refusal `invalid-request` when the header Tensorgate-Run-Limit-Ms is no number of milliseconds in bounds */
export function readRunLimit(context: Context): number {
  const header = context.req.header(CONTAINER_HEADERS.runLimitMs);
  if (header === undefined) return DEFAULT_RUN_LIMIT_MS;
  const limitMs = Number(header);
  if (Number.isInteger(limitMs) && limitMs > 0 && limitMs <= MAX_RUN_LIMIT_MS) return limitMs;
  const detail = `Tensorgate-Run-Limit-Ms must be an integer from 1 to ${MAX_RUN_LIMIT_MS}.`;
  throw new Refusal("invalid-request", detail, { max_ms: MAX_RUN_LIMIT_MS });
}
