import type { Backend, ExternalData, Runtime } from "../models/models.rules.ts";
import type { ModelId, VersionId } from "../shared/ids.ts";
import { type Traffic, pickVersion } from "./traffic.rules.ts";

/** A model's name, its versions and the aliases that point at them. */
export interface Deployment {
  readonly modelId: ModelId;
  readonly name: string;
  readonly versions: readonly DeployedVersion[];
  /** Version number by alias. */
  readonly aliases: Readonly<Record<string, number>>;
  /** Numbers of the versions that were taken out of service. */
  readonly retired: readonly number[];
  /** Whether the model serves anybody. */
  readonly loaded: boolean;
  /** How callers who name no version are spread; null when the alias production serves them all. */
  readonly traffic: Traffic | null;
}

/** What runs an inference. */
export interface DeployedVersion {
  readonly modelId: ModelId;
  readonly versionId: VersionId;
  readonly number: number;
  readonly runtime: Runtime;
  readonly sizeBytes: number;
  /** SHA-256 of the ONNX file, hexadecimal. */
  readonly sha256: string;
  readonly externalData: readonly ExternalData[];
  /** Where it runs when its runtime is `backend`. */
  readonly backend: Backend | null;
}

/** Which version serves callers that name none. */
export const DEFAULT_ALIAS = "production";

/** What a caller names, and who is served where traffic is spread over versions. */
export interface Wanted {
  readonly model: string;
  /** A version's number or an alias; {@link DEFAULT_ALIAS} when undefined. */
  readonly version: string | undefined;
  readonly routingKey: string;
}

/** A version that serves this caller. */
export interface Resolved {
  readonly kind: "resolved";
  readonly deployment: Deployment;
  readonly version: DeployedVersion;
}

/** Why nothing serves this caller. */
export type Unresolved =
  | { readonly kind: "model-not-found"; readonly model: string }
  | { readonly kind: "model-unloaded"; readonly model: string }
  | { readonly kind: "version-not-found"; readonly model: string; readonly version: string }
  | { readonly kind: "version-retired"; readonly model: string; readonly version: string };

/** Find the version that a request names by number or alias, or that traffic gives it. */
export function resolveVersion(deployment: Deployment | undefined, wanted: Wanted): Resolved | Unresolved {
  const { model, version: named = DEFAULT_ALIAS, routingKey } = wanted;
  if (!deployment) return { kind: "model-not-found", model };
  if (!deployment.loaded) return { kind: "model-unloaded", model };
  const isSpread = named === DEFAULT_ALIAS && deployment.traffic !== null;
  const number = isSpread
    ? pickVersion(deployment.traffic, deployment.modelId, routingKey)
    : numberOf(deployment, named);
  const version = deployment.versions.find((candidate) => candidate.number === number);
  if (!version) return { kind: "version-not-found", model, version: named };
  if (deployment.retired.includes(version.number)) return { kind: "version-retired", model, version: named };
  return { kind: "resolved", deployment, version };
}

/** An alias can't look like a number, so the two never clash. */
function numberOf({ aliases }: Deployment, wanted: string): number | undefined {
  if (/^[1-9]\d*$/.test(wanted)) return Number(wanted);
  return Object.hasOwn(aliases, wanted) ? aliases[wanted] : undefined;
}
