import engineCode from "../../dist/engine/engine.txt";
import engineDigest from "../../dist/engine/engine.sha256.txt";
import ortWasm from "../../dist/engine/ort.wasm";
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
  objectKey: string,
): Fetcher {
  const worker = services.loader.get(`${versionId}:${engineDigest}`, async () => ({
    compatibilityDate: "2026-10-20",
    mainModule: "engine.js",
    modules: {
      "engine.js": engineCode,
      "ort.wasm": { wasm: ortWasm },
      "model.onnx": { data: await readModel(services.files, objectKey) },
    },
    env: {},
    globalOutbound: null,
    limits: { cpuMs: CPU_LIMIT_MS },
  }));
  return worker.getEntrypoint();
}

async function readModel(files: R2Bucket, objectKey: string): Promise<ArrayBuffer> {
  const object = await files.get(objectKey);
  if (!object) throw new Error(`The model's file ${objectKey} is missing in R2.`);
  return await object.arrayBuffer();
}
