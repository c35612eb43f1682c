import { ENGINE_HEADERS } from "../../engine/contract.ts";
import type { EngineRefusal } from "../../engine/refusal.ts";
import type { DeployedVersion } from "../admission/deployments.rules.ts";
import { callContainer } from "../inference/container.ts";
import { callOwnServer } from "../inference/own-server.ts";
import { type RunFailure, timedOut } from "../inference/run-outcome.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { findModelTree } from "./models.store.ts";

/** What became of warming a version up. */
export type WarmedUp =
  | { readonly kind: "warm"; readonly wasCold: boolean; readonly elapsedMs: number }
  | { readonly kind: "model-not-found" | "version-not-found" }
  | { readonly kind: "rejected"; readonly refusal: EngineRefusal }
  | RunFailure;

/** Time that starting a version and trying it out may take. */
const WARM_UP_LIMIT_MS = 10_000;

/** Start what runs a version, here and now, so that the next request meets it warm. Nothing is charged. */
export async function warmUp(
  tenantId: TenantId,
  services: Services,
  model: string,
  number: number | undefined,
): Promise<WarmedUp> {
  const tree = await findModelTree(tenantId, services.db, model);
  if (!tree) return { kind: "model-not-found" };
  const row = tree.versions.find((candidate) => candidate.number === number);
  if (!row) return { kind: "version-not-found" };
  const startedMs = performance.now();
  const answer = await start(tenantId, services, { ...row, versionId: row.id });
  if (!(answer instanceof Response)) return answer;
  const elapsedMs = Math.ceil(performance.now() - startedMs);
  if (answer.status === 422) return { kind: "rejected", refusal: await answer.json() };
  if (answer.ok) return { kind: "warm", wasCold: answer.headers.has(ENGINE_HEADERS.coldStart), elapsedMs };
  if (answer.status === 504) return timedOut(WARM_UP_LIMIT_MS);
  const detail = "What runs the version could not be started; try again.";
  return { kind: "failed", code: "runtime-failed", detail, cause: `${answer.status} ${await answer.text()}` };
}

async function start(tenantId: TenantId, services: Services, version: DeployedVersion): Promise<Response | RunFailure> {
  const run = { body: null, headers: {}, limitMs: WARM_UP_LIMIT_MS };
  switch (version.runtime) {
    case "isolate":
      return await services.isolates
        .open(tenantId, version, WARM_UP_LIMIT_MS)
        .fetch("http://engine/warmup", { method: "POST" });
    case "container":
      return await callContainer(services, tenantId, version, { action: "warmup", ...run });
    case "backend":
      if (!version.backend) throw new Error(`Version ${version.versionId} names no server of its own.`);
      return await callOwnServer(services, tenantId, version.backend, { path: "/ready", method: "GET", ...run });
  }
}
