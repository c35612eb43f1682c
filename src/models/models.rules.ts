import type { ModelId, TenantId, VersionId } from "../shared/ids.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";

/** The largest file that is taken in at all, in bytes: 1 GiB. */
export const MAX_UPLOAD_BYTES = 1024 ** 3;

/** Model names: short, lower case, safe in a URL and in a file name. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Aliases begin with a letter, so that none is mistaken for a version's number. */
export const ALIAS_NAME = /^[a-z][a-z0-9._-]{0,62}$/;

/** The largest upload with external data, in bytes: 32 MiB, since a form is read whole before its parts are known. */
export const MAX_FORM_BYTES = 32 * 1024 ** 2;

/** A file of external data that a model refers to by name. The name is a label, never a path. */
export interface ExternalData {
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

/** What runs a version: an isolate, our container with native ONNX Runtime, or the tenant's own inference server. */
export type Runtime = "isolate" | "container" | "backend";

/** Why a version runs where it runs: what its uploader wished for, and what spoke for another runtime. */
export interface Placement {
  readonly wished: "auto" | Runtime;
  readonly reasons: readonly string[];
}

/** A tenant's own inference server, which speaks the Open Inference Protocol. */
export interface Backend {
  readonly url: string;
  /** The model's name there. */
  readonly model: string;
  /** The value of the Authorization header that it is called with. */
  readonly authorization: SealedSecret | null;
}

/** Where the files of one version lie in R2. */
export interface VersionFiles {
  readonly model: string;
  /** Object key by the name that the model uses, in the order of their upload. */
  readonly externalData: readonly { readonly name: string; readonly objectKey: string }[];
}

/** The object keys of a version's files: made of ids and numbers alone, whatever the files are called. */
export function filesOf(
  tenantId: TenantId,
  version: {
    readonly modelId: ModelId;
    readonly versionId: VersionId;
    readonly externalData: readonly { readonly name: string }[];
  },
): VersionFiles {
  const stem = `tenants/${tenantId}/models/${version.modelId}/${version.versionId}`;
  return {
    model: `${stem}.onnx`,
    externalData: version.externalData.map(({ name }, index) => ({ name, objectKey: `${stem}.data/${index}` })),
  };
}

/** All object keys of a version. */
export function objectKeysOf(files: VersionFiles): string[] {
  return [files.model, ...files.externalData.map((file) => file.objectKey)];
}

/** Whether a version takes requests, still ends those that it took, or neither. */
export const VERSION_STATES = ["serving", "draining", "retired"] as const;
type VersionState = (typeof VERSION_STATES)[number];

/** The state of a version with so many inferences under way. */
export function versionState(retiredAtMs: number | null, inFlight: number): VersionState {
  if (retiredAtMs === null) return "serving";
  return inFlight > 0 ? "draining" : "retired";
}

/** A version's number as it stands in a path, or undefined where the text is none. */
export function parseVersionNumber(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
