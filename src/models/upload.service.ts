import type { EngineRefusal } from "../../engine/refusal.ts";
import { DEFAULT_ALIAS } from "../admission/deployments.rules.ts";
import type { RunFailure } from "../inference/run-outcome.ts";
import type { Services } from "../services.ts";
import { type TenantId, newId } from "../shared/ids.ts";
import { type IncomingFile, storeFile } from "./files.store.ts";
import { type ExternalData, type VersionFiles, filesOf, objectKeysOf } from "./models.rules.ts";
import { type InsertedVersion, type NewVersion, insertVersion } from "./models.store.ts";
import type { ModelRow, VersionRow } from "./models.tables.ts";
import { type WishedRuntime, placeModel } from "./placement.service.ts";

/** A model on its way in. */
export interface Upload {
  readonly model: IncomingFile;
  /** Files of external data, each under the name by which the model refers to it. */
  readonly externalData: readonly (IncomingFile & { readonly name: string })[];
  /** SHA-256 of the ONNX file that the sender promises, base64. */
  readonly promisedSha256: string | undefined;
  readonly runtime: WishedRuntime;
}

/** What became of an upload. Of a refused one nothing stays behind. */
export type Uploaded =
  | { readonly kind: "created"; readonly version: VersionRow }
  | { readonly kind: "cut-short" }
  | { readonly kind: "digest-mismatch"; readonly actualSha256: string }
  | { readonly kind: "rejected"; readonly refusal: EngineRefusal }
  | { readonly kind: "unsuitable"; readonly reasons: readonly string[] }
  | RunFailure
  | Exclude<InsertedVersion, { kind: "inserted" }>;

/**
 * Take in a new version: store its files, try it out, register it, tell the cell.
 *
 * The files are written first and removed again if anything refuses them, so that a registered version always has them.
 */
export async function uploadVersion(
  tenantId: TenantId,
  services: Services,
  model: ModelRow,
  upload: Upload,
): Promise<Uploaded> {
  const versionId = newId("ver", services.now());
  const files = filesOf(tenantId, { modelId: model.id, versionId, externalData: upload.externalData });
  let created = false;
  try {
    const stored = await storeFiles(services.files, files, upload);
    if (stored.kind !== "stored") return stored;
    const sizeBytes = totalBytes(upload);
    const { sha256 } = stored;
    const candidate = { modelId: model.id, versionId, sizeBytes, sha256, externalData: stored.externalData };
    const placed = await placeModel(services, tenantId, candidate, upload.runtime);
    if (placed.kind !== "placed") return placed;
    const row: NewVersion = {
      id: versionId,
      modelId: model.id,
      sizeBytes,
      sha256,
      externalData: stored.externalData,
      inspection: placed.inspection,
      runtime: placed.runtime,
      placement: placed.placement,
      backend: null,
      createdAtMs: services.now(),
    };
    const inserted = await insertVersion(tenantId, services.db, row, DEFAULT_ALIAS);
    if (inserted.kind !== "inserted") return inserted;
    // From here on the registry names the files: they stay, whatever becomes of telling the cell.
    created = true;
    await services.refresh(tenantId, { kind: "model", modelId: model.id });
    return { kind: "created", version: inserted.version };
  } finally {
    if (!created) await services.files.delete(objectKeysOf(files));
  }
}

/** All bytes of an upload. */
export function totalBytes({ model, externalData }: Pick<Upload, "model" | "externalData">): number {
  return externalData.reduce((total, file) => total + file.sizeBytes, model.sizeBytes);
}

type Stored = { readonly kind: "stored"; readonly sha256: string; readonly externalData: ExternalData[] };

async function storeFiles(
  bucket: R2Bucket,
  files: VersionFiles,
  upload: Upload,
): Promise<Stored | Extract<Uploaded, { kind: "cut-short" | "digest-mismatch" }>> {
  const sha256 = await storeFile(bucket, files.model, upload.model);
  if (!sha256) return { kind: "cut-short" };
  const actualSha256 = sha256.toString("base64");
  if (upload.promisedSha256 !== undefined && upload.promisedSha256 !== actualSha256) {
    return { kind: "digest-mismatch", actualSha256 };
  }
  const externalData: ExternalData[] = [];
  for (const [index, file] of upload.externalData.entries()) {
    const digest = await storeFile(bucket, files.externalData[index]?.objectKey ?? "", file);
    if (!digest) return { kind: "cut-short" };
    externalData.push({ name: file.name, sizeBytes: file.sizeBytes, sha256: digest.toString("hex") });
  }
  return { kind: "stored", sha256: sha256.toString("hex"), externalData };
}
