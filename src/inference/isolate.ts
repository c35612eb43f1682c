import engineCode from "../../dist/engine/engine.txt";
import engineDigest from "../../dist/engine/engine.sha256.txt";
import ortWasm from "../../dist/engine/ort.wasm";
import runtimeImage from "../../dist/engine/runtime-image.bin";
import type { DeployedVersion } from "../admission/admission.rules.ts";
import { type VersionFiles, filesOf, objectKeysOf } from "../models/models.rules.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { DeadlinePassed, within } from "./deadline.ts";
import { type Run, type RunOutcome, timedOut } from "./run-outcome.ts";

/** What of a version its isolate is made of. */
export type IsolatedVersion = Pick<DeployedVersion, "modelId" | "versionId" | "externalData">;

/**
 * The isolate of one model version: ONNX Runtime and the model, without bindings, network or other tenants' bytes.
 *
 * The platform starts it with its first request, keeps it warm and evicts it when it is idle. Its name holds the engine's
 * digest and the limit, because a name must always stand for the same content.
 *
 * @param cpuMs  CPU time that one request may take; Cloudflare ends what takes longer
 */
export function modelIsolate(
  services: Pick<Services, "loader" | "files">,
  tenantId: TenantId,
  version: IsolatedVersion,
  cpuMs: number,
): Fetcher {
  const worker = services.loader.get(`${version.versionId}:${engineDigest}:${cpuMs}`, async () => ({
    compatibilityDate: "2026-10-20",
    mainModule: "engine.js",
    modules: {
      "engine.js": engineCode,
      "ort.wasm": { wasm: ortWasm },
      "runtime-image.bin": { data: runtimeImage },
      ...(await readFiles(services.files, filesOf(tenantId, version))),
    },
    env: {},
    globalOutbound: null,
    limits: { cpuMs },
  }));
  return worker.getEntrypoint();
}

/** Run a model in its isolate. */
export async function runInIsolate(
  services: Pick<Services, "loader" | "files">,
  tenantId: TenantId,
  version: IsolatedVersion,
  run: Run,
): Promise<RunOutcome> {
  try {
    const isolate = modelIsolate(services, tenantId, version, run.limitMs);
    const { body, headers } = run;
    const response = await within(run.limitMs, (signal) =>
      isolate.fetch("http://engine/infer", { method: "POST", body, headers, signal }),
    );
    if (response.ok) return { kind: "answered", response };
    return { kind: "rejected", refusal: await response.json() };
  } catch (error) {
    if (error instanceof DeadlinePassed || isCpuLimit(error)) return timedOut(run.limitMs);
    const detail = "The model's isolate failed; the call is not charged and may be repeated.";
    return { kind: "failed", code: "runtime-failed", detail, cause: error };
  }
}

/** Cloudflare says so in words alone. */
function isCpuLimit(error: unknown): boolean {
  return error instanceof Error && /CPU (time )?limit/i.test(error.message);
}

/** A model's files as modules: `model.onnx`, the names of its external data, and `external-data/0`, `external-data/1`, … */
async function readFiles(bucket: R2Bucket, files: VersionFiles): Promise<Record<string, WorkerLoaderModule>> {
  const [model, ...data] = await Promise.all(
    objectKeysOf(files).map(async (objectKey) => ({ data: await readFile(bucket, objectKey) })),
  );
  if (!model) throw new Error("A version has a model.");
  return {
    "model.onnx": model,
    "external-data.json": { json: files.externalData.map((file) => file.name) },
    ...Object.fromEntries(data.map((module, index) => [`external-data/${index}`, module])),
  };
}

async function readFile(bucket: R2Bucket, objectKey: string): Promise<ArrayBuffer> {
  const object = await bucket.get(objectKey);
  if (!object) throw new Error(`The model's file ${objectKey} is missing in R2.`);
  return await object.arrayBuffer();
}
