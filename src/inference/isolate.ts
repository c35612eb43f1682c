import engineCode from "../../dist/engine/engine.txt";
import engineDigest from "../../dist/engine/engine.sha256.txt";
import ortWasm from "../../dist/engine/ort.wasm";
import { type VersionFiles, objectKeysOf } from "../models/models.rules.ts";
import type { Services } from "../services.ts";
import type { VersionId } from "../shared/ids.ts";

/** CPU time that one request may take in a model's isolate, in milliseconds. Cloudflare ends what takes longer. */
const CPU_LIMIT_MS = 10_000;

/**
 * The isolate of one model version: ONNX Runtime and the model, without bindings, network or other tenants' bytes.
 *
 * The platform starts it with its first request, keeps it warm and evicts it when it is idle. Its name holds the engine's
 * digest, because a name must always stand for the same content.
 */
export function modelIsolate(
  services: Pick<Services, "loader" | "files">,
  versionId: VersionId,
  files: VersionFiles,
): Fetcher {
  const worker = services.loader.get(`${versionId}:${engineDigest}`, async () => ({
    compatibilityDate: "2026-10-20",
    mainModule: "engine.js",
    modules: {
      "engine.js": engineCode,
      "ort.wasm": { wasm: ortWasm },
      ...(await readFiles(services.files, files)),
    },
    env: {},
    globalOutbound: null,
    limits: { cpuMs: CPU_LIMIT_MS },
  }));
  return worker.getEntrypoint();
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
