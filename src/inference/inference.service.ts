import { ENGINE_HEADERS } from "../../engine/contract.ts";
import type { EngineRefusal } from "../../engine/refusal.ts";
import type { Admitted, Idempotency, Refusal } from "../admission/admission.rules.ts";
import type { Credential } from "../http/context.ts";
import { namesOf, versionFiles } from "../models/models.rules.ts";
import type { Services } from "../services.ts";
import type { Settlement } from "../usage/ledger.rules.ts";
import { modelIsolate } from "./isolate.ts";

/** An inference as it came over the wire; its body is not opened here. */
export interface InferenceRequest {
  readonly model: string;
  readonly version: string | undefined;
  readonly routingKey: string | undefined;
  readonly idempotency: Idempotency | undefined;
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** What the engine must know of the body: its length, its coding and where its JSON ends. */
  readonly bodyHeaders: Readonly<Record<string, string>>;
}

/** What became of an inference. */
export type Inferred =
  | { readonly kind: "answered"; readonly admitted: Admitted; readonly response: Response }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "rejected"; readonly admitted: Admitted; readonly refusal: EngineRefusal }
  | { readonly kind: "failed"; readonly admitted: Admitted; readonly error: unknown };

/** Admit, run, and settle after the response: the way of one inference. */
export async function infer(credential: Credential, services: Services, request: InferenceRequest): Promise<Inferred> {
  const { tenantId, hash } = credential;
  const { model, version, routingKey, idempotency } = request;
  const admission = await services.admit(tenantId, {
    kind: "infer",
    credential: hash,
    model,
    version,
    routingKey,
    idempotency,
  });
  if (admission.kind === "granted") throw new Error("The cell granted access where an inference was asked for.");
  if (admission.kind !== "admitted") return { kind: "refused", refusal: admission };

  const startedMs = performance.now();
  const inferred = await run(credential, services, request, admission);
  const elapsedMs = performance.now() - startedMs;
  services.settle(tenantId, {
    entryId: admission.entryId,
    computeMs: Math.ceil(elapsedMs),
    queueMicros: 0,
    computeMicros: Math.round(elapsedMs * 1000),
    isColdStart: false,
    ...figuresOf(inferred, request),
  });
  return inferred;
}

async function run(
  credential: Credential,
  services: Services,
  request: InferenceRequest,
  admitted: Admitted,
): Promise<Exclude<Inferred, { kind: "refused" }>> {
  const { versionId, modelId, number, externalData } = admitted.version;
  const files = versionFiles(credential.tenantId, modelId, { versionId, externalData: namesOf(externalData) });
  try {
    const isolate = modelIsolate(services, versionId, files);
    const response = await isolate.fetch("http://engine/infer", {
      method: "POST",
      body: request.body,
      headers: {
        ...request.bodyHeaders,
        [ENGINE_HEADERS.modelName]: request.model,
        [ENGINE_HEADERS.modelVersion]: String(number),
      },
    });
    if (response.ok) return { kind: "answered", admitted, response };
    return { kind: "rejected", admitted, refusal: await response.json() };
  } catch (error) {
    return { kind: "failed", admitted, error };
  }
}

function figuresOf(
  inferred: Exclude<Inferred, { kind: "refused" }>,
  request: InferenceRequest,
): Pick<Settlement, "outcome" | "reason" | "bytesIn" | "bytesOut"> {
  const announced = Number(request.bodyHeaders["Content-Length"] ?? 0);
  switch (inferred.kind) {
    case "answered": {
      const { headers } = inferred.response;
      const bytesIn = Number(headers.get(ENGINE_HEADERS.bytesIn));
      return { outcome: "ok", reason: undefined, bytesIn, bytesOut: Number(headers.get("content-length")) };
    }
    case "rejected":
      return { outcome: "rejected", reason: inferred.refusal.code, bytesIn: announced, bytesOut: 0 };
    case "failed":
      return { outcome: "failed", reason: "runtime-failed", bytesIn: announced, bytesOut: 0 };
  }
}
