import type { EngineRefusal } from "../../engine/refusal.ts";
import { DEFAULT_ALIAS } from "../admission/admission.rules.ts";
import { modelIsolate } from "../inference/isolate.ts";
import type { Services } from "../services.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { inspectModel } from "./inspection.ts";
import { modelObjectKey, tooLargeToRun } from "./models.rules.ts";
import { findModelTree, insertVersion } from "./models.store.ts";
import type { ModelRow, VersionRow } from "./models.tables.ts";

/** A file on its way in: as many bytes as its Content-Length says. */
export interface Upload {
  readonly body: ReadableStream<unknown>;
  readonly sizeBytes: number;
  /** SHA-256 that the sender promises, base64. */
  readonly promisedSha256: string | undefined;
}

/** What became of an upload. Of a refused one nothing stays behind. */
export type Uploaded =
  | { readonly kind: "created"; readonly version: VersionRow; readonly isFirst: boolean }
  | { readonly kind: "cut-short" }
  | { readonly kind: "digest-mismatch"; readonly actualSha256: string }
  | { readonly kind: "rejected"; readonly refusal: EngineRefusal }
  | { readonly kind: "model-too-large"; readonly reason: string }
  | { readonly kind: "model-gone" };

/**
 * Take in a new version: store the file, load it once in an isolate of its own, register it, tell the cell.
 *
 * The file is written first and removed again if anything refuses it, so that a registered version always has its file.
 */
export async function uploadVersion(
  tenantId: TenantId,
  services: Services,
  model: ModelRow,
  upload: Upload,
): Promise<Uploaded> {
  const versionId = newId("ver", services.now());
  const objectKey = modelObjectKey(tenantId, model.id, versionId);
  let created = false;
  try {
    const sha256 = await storeFile(services.files, objectKey, upload);
    if (sha256 === undefined) return { kind: "cut-short" };
    const actualSha256 = sha256.toString("base64");
    if (upload.promisedSha256 !== undefined && upload.promisedSha256 !== actualSha256) {
      return { kind: "digest-mismatch", actualSha256 };
    }
    const isolate = modelIsolate(services, versionId, objectKey);
    const inspected = await inspectModel(isolate);
    if (inspected.kind === "refused") return { kind: "rejected", refusal: inspected.refusal };
    const { inspection } = inspected;
    const reason = tooLargeToRun(upload.sizeBytes, inspection.heapBytes);
    if (reason !== undefined) return { kind: "model-too-large", reason };
    const row = {
      id: versionId,
      modelId: model.id,
      sizeBytes: upload.sizeBytes,
      sha256: sha256.toString("hex"),
      inspection,
    };
    const version = await register(tenantId, services, model.name, { ...row, createdAtMs: services.now() });
    created = version !== undefined;
    return version ? { kind: "created", version, isFirst: version.number === 1 } : { kind: "model-gone" };
  } finally {
    if (!created) await services.files.delete(objectKey);
  }
}

/** Write the version to D1 and let the cell know; undefined when the model was deleted during the upload. */
async function register(
  tenantId: TenantId,
  services: Services,
  modelName: string,
  row: Omit<VersionRow, "tenantId" | "number">,
): Promise<VersionRow | undefined> {
  let version: VersionRow;
  try {
    version = await insertVersion(tenantId, services.db, row, DEFAULT_ALIAS);
  } catch (error) {
    const tree = await findModelTree(tenantId, services.db, modelName);
    if (tree?.model.id === row.modelId) throw error;
    return undefined;
  }
  await services.refresh(tenantId, { kind: "model", modelId: row.modelId });
  return version;
}

/**
 * Stream a file to R2, hashing it on the way; only a chunk at a time is held.
 *
 * @returns SHA-256 of the bytes, or undefined when fewer came than were announced
 */
async function storeFile(files: R2Bucket, objectKey: string, upload: Upload): Promise<Buffer | undefined> {
  const { readable, writable } = new FixedLengthStream(upload.sizeBytes);
  const digest = new crypto.DigestStream("SHA-256");
  const sha256 = digest.digest.catch(() => undefined);
  const stored = files.put(objectKey, readable);
  const copied = copyToBoth(upload.body, writable, digest);
  const [copy, put] = await Promise.allSettled([copied, stored]);
  if (copy.status === "rejected" || copy.value !== upload.sizeBytes) return undefined;
  if (put.status === "rejected") throw put.reason;
  const bytes = await sha256;
  return bytes && Buffer.from(bytes);
}

async function copyToBoth(
  source: ReadableStream<unknown>,
  first: WritableStream<Uint8Array>,
  second: WritableStream<Uint8Array>,
): Promise<number> {
  const writers = [first.getWriter(), second.getWriter()];
  let copiedBytes = 0;
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("A body is made of bytes.");
      for (const writer of writers) await writer.write(chunk);
      copiedBytes += chunk.byteLength;
    }
    for (const writer of writers) await writer.close();
  } catch (error) {
    for (const writer of writers) await writer.abort(error).catch(() => undefined);
    throw error;
  }
  return copiedBytes;
}
