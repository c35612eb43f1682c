import engineCode from "../../dist/engine/engine.txt";
import engineDigest from "../../dist/engine/engine.sha256.txt";
import ortWasm from "../../dist/engine/ort.wasm";
import { type VersionFiles, filesOf, objectKeysOf } from "../models/models.rules.ts";
import type { TenantId } from "../shared/ids.ts";
import type { IsolatedVersion } from "./isolate-host.rules.ts";

/** The name of a version's isolate. It holds the engine's digest, because a name must always stand for the same content. */
export function isolateName({ versionId }: IsolatedVersion): string {
  return `${versionId}:${engineDigest}`;
}

/** The content of a version's isolate: the engine, ONNX Runtime and the model; no bindings, no network. */
export async function readIsolateCode(
  bucket: R2Bucket,
  tenantId: TenantId,
  version: IsolatedVersion,
): Promise<WorkerLoaderWorkerCode> {
  return {
    compatibilityDate: "2026-10-20",
    mainModule: "engine.js",
    modules: {
      "engine.js": engineCode,
      "ort.wasm": { wasm: ortWasm },
      ...(await readFiles(bucket, filesOf(tenantId, version))),
    },
    env: {},
    globalOutbound: null,
  };
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
