import type { EngineRefusal } from "../../engine/refusal.ts";
import type { OnnxFile } from "../../engine/onnx-file.ts";
import type { Inspection } from "../../engine/signature.ts";
import { type ContainedVersion, callContainer } from "../inference/container.ts";
import type { RunFailure } from "../inference/run-outcome.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";

/** What became of reading or trying a model. */
export type Inspected<T> =
  | { readonly kind: "accepted"; readonly found: T }
  | { readonly kind: "refused"; readonly refusal: EngineRefusal };

/** Time that loading a model and trying it out may take. */
const INSPECTION_LIMIT_MS = 10_000;

/** Read a model's file in its own isolate, without loading it: nobody else's bytes are there to be harmed. */
export async function readInIsolate(
  services: Services,
  tenantId: TenantId,
  version: ContainedVersion,
): Promise<Inspected<OnnxFile>> {
  return await ask<OnnxFile>(services, tenantId, version, "analysis");
}

/**
 * Load a model in its own isolate, try it out, and read what it is.
 *
 * @throws when the isolate itself fails, as it does when the model takes more memory or time than it has
 */
export async function inspectInIsolate(
  services: Services,
  tenantId: TenantId,
  version: ContainedVersion,
): Promise<Inspected<Inspection>> {
  return await ask<Inspection>(services, tenantId, version, "inspection");
}

/** The same in the container, where what doesn't end is ended. */
export async function inspectInContainer(
  services: Services,
  tenantId: TenantId,
  version: ContainedVersion,
): Promise<Inspected<Inspection> | RunFailure> {
  const call = { action: "inspection", body: null, headers: {}, limitMs: INSPECTION_LIMIT_MS } as const;
  const response = await callContainer(services, tenantId, version, call);
  if (!(response instanceof Response)) return response;
  if (response.ok) return { kind: "accepted", found: await response.json() };
  if (response.status === 422) return { kind: "refused", refusal: await response.json() };
  const detail = "The container backend could not try the model out; upload it again.";
  return { kind: "failed", code: "backend-unavailable", detail, cause: await response.text(), retryAfterSeconds: 1 };
}

async function ask<T>(
  services: Services,
  tenantId: TenantId,
  version: ContainedVersion,
  what: "analysis" | "inspection",
): Promise<Inspected<T>> {
  const isolate = services.isolates.open(tenantId, version, INSPECTION_LIMIT_MS);
  const response = await isolate.fetch(`http://engine/${what}`);
  if (response.ok) return { kind: "accepted", found: await response.json() };
  return { kind: "refused", refusal: await response.json() };
}
