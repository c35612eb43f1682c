import type { EngineRefusal } from "../../engine/refusal.ts";
import type { Inspection } from "../../engine/signature.ts";
import type { ContainedVersion } from "../inference/container.ts";
import type { RunFailure } from "../inference/run-outcome.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { inspectInContainer, inspectInIsolate, readInIsolate } from "./inspection.ts";
import type { Placement } from "./models.rules.ts";
import { reasonForContainer, reasonsAgainstIsolate, tooLargeToLoad, tooLargeToRun } from "./placement.rules.ts";

/** Where a model runs, or why it runs nowhere. */
export type Placed =
  | {
      readonly kind: "placed";
      readonly runtime: "isolate" | "container";
      readonly placement: Placement;
      readonly inspection: Inspection;
    }
  | { readonly kind: "rejected"; readonly refusal: EngineRefusal }
  | { readonly kind: "unsuitable"; readonly reasons: readonly string[] }
  | RunFailure;

/** What the uploader asks for. */
export type WishedRuntime = Exclude<Placement["wished"], "backend">;

const NO_CONTAINER = "It needs the container backend, which this deployment does not have.";

/**
 * Find out where a stored model runs: read its file, try it out, and decide once for all.
 *
 * Where there is a container, every model is tried there first: what does not end, or takes too much memory, is ended there
 * and harms nobody. Only what passed is loaded into an isolate.
 */
export async function placeModel(
  services: Services,
  tenantId: TenantId,
  version: ContainedVersion,
  wished: WishedRuntime,
): Promise<Placed> {
  const tooLarge = tooLargeToLoad(version.sizeBytes);
  const read = tooLarge === undefined ? await readInIsolate(services, tenantId, version) : undefined;
  if (read?.kind === "refused") return { kind: "rejected", refusal: read.refusal };
  const against = tooLarge === undefined ? [] : [tooLarge];
  if (read) against.push(...reasonsAgainstIsolate(read.found));

  if (wished === "isolate" && against.length > 0) return { kind: "unsuitable", reasons: against };
  if (!services.container) {
    if (wished === "container") return { kind: "unsuitable", reasons: [NO_CONTAINER] };
    if (against.length > 0) return { kind: "unsuitable", reasons: [...against, NO_CONTAINER] };
    return await placeInIsolate(services, tenantId, version, wished);
  }
  const native = await inspectInContainer(services, tenantId, version);
  if (native.kind === "failed") return native;
  if (native.kind === "refused") return { kind: "rejected", refusal: native.refusal };
  const slower = wished === "auto" ? reasonForContainer(native.found) : undefined;
  if (slower !== undefined) against.push(slower);
  if (wished !== "container" && against.length === 0) {
    const placed = await placeInIsolate(services, tenantId, version, wished);
    if (placed.kind !== "unsuitable" || wished === "isolate") return placed;
    against.push(...placed.reasons);
  }
  return { kind: "placed", runtime: "container", placement: { wished, reasons: against }, inspection: native.found };
}

async function placeInIsolate(
  services: Services,
  tenantId: TenantId,
  version: ContainedVersion,
  wished: WishedRuntime,
): Promise<Exclude<Placed, RunFailure>> {
  const inspected = await inspectInIsolate(services, tenantId, version);
  if (inspected.kind === "refused") {
    const { refusal } = inspected;
    const isTooLarge = refusal.code === "model-too-large";
    return isTooLarge ? { kind: "unsuitable", reasons: [refusal.detail] } : { kind: "rejected", refusal };
  }
  const inspection = inspected.found;
  const tooLarge = tooLargeToRun(version.sizeBytes, inspection.peakHeapBytes);
  if (tooLarge !== undefined) return { kind: "unsuitable", reasons: [tooLarge] };
  return { kind: "placed", runtime: "isolate", placement: { wished, reasons: [] }, inspection };
}
