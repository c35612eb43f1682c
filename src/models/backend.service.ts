import type { Inspection } from "../../engine/signature.ts";
import { DEFAULT_ALIAS } from "../admission/deployments.rules.ts";
import { callOwnServer, sealCredential } from "../inference/own-server.ts";
import type { RunFailure } from "../inference/run-outcome.ts";
import type { Services } from "../services.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { type NewBackend, serverMetadataSchema } from "./backend.schemas.ts";
import type { Backend } from "./models.rules.ts";
import { type InsertedVersion, insertVersion } from "./models.store.ts";
import type { ModelRow, VersionRow } from "./models.tables.ts";

/** What became of naming a server. */
export type Named =
  | { readonly kind: "created"; readonly version: VersionRow }
  | { readonly kind: "refused"; readonly reason: string }
  | Exclude<InsertedVersion, { kind: "inserted" }>
  | RunFailure;

/** Time that a server has to describe its model. */
const DESCRIBE_LIMIT_MS = 10_000;

/** Make a version that a tenant's own inference server runs. The server must describe the model there and then. */
export async function nameServer(
  tenantId: TenantId,
  services: Services,
  model: ModelRow,
  wish: NewBackend,
): Promise<Named> {
  const { url, authorization } = wish;
  const sealed = authorization === undefined ? null : await sealCredential(services, tenantId, url, authorization);
  const backend: Backend = { url, model: wish.model, authorization: sealed };
  const described = await describe(services, tenantId, backend);
  if (described.kind !== "described") return described;
  const nowMs = services.now();
  const inserted = await insertVersion(
    tenantId,
    services.db,
    {
      id: newId("ver", nowMs),
      modelId: model.id,
      sizeBytes: 0,
      sha256: "",
      externalData: [],
      inspection: described.inspection,
      runtime: "backend",
      placement: { wished: "backend", reasons: [] },
      backend,
      createdAtMs: nowMs,
    },
    DEFAULT_ALIAS,
  );
  if (inserted.kind !== "inserted") return inserted;
  await services.refresh(tenantId, { kind: "model", modelId: model.id });
  return { kind: "created", version: inserted.version };
}

async function describe(
  services: Services,
  tenantId: TenantId,
  backend: Backend,
): Promise<
  { readonly kind: "described"; readonly inspection: Inspection } | Extract<Named, { kind: "refused" | "failed" }>
> {
  const call = { path: "", method: "GET", body: null, headers: {}, limitMs: DESCRIBE_LIMIT_MS } as const;
  const response = await callOwnServer(services, tenantId, backend, call);
  if (!(response instanceof Response)) return response;
  const asked = `GET ${backend.url}/v2/models/${backend.model}`;
  if (response.status !== 200) return { kind: "refused", reason: `${asked} answered ${response.status}, not 200.` };
  const parsed = serverMetadataSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"} ${issue.message}`);
    return { kind: "refused", reason: `${asked} did not answer with a model's metadata: ${faults.join("; ")}.` };
  }
  const { inputs, outputs, platform } = parsed.data;
  const inspection: Inspection = {
    inputs,
    outputs,
    producer: platform,
    opset: {},
    operators: [],
    nodeRuns: 0,
    unbounded: [],
    unsupportedOutputs: [],
    heapBytes: 0,
    peakHeapBytes: 0,
    trial: { outcome: "not-tried" },
  };
  return { kind: "described", inspection };
}
