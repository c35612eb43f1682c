import type { Scope } from "../identity/keys.rules.ts";
import type { Backend, ExternalData, Runtime } from "../models/models.rules.ts";
import type { EntryId, KeyId, ModelId, VersionId } from "../shared/ids.ts";
import {
  type BucketLimit,
  type LimitState,
  type TokenBucket,
  describeBucket,
  refill,
  take,
} from "./token-bucket.rules.ts";
import { type Traffic, pickVersion } from "./traffic.rules.ts";

/** The tenant as its cell knows it. */
export interface TenantPolicy {
  readonly status: "active" | "suspended";
  readonly limit: BucketLimit;
  /** How long one inference may run, in milliseconds. */
  readonly runLimitMs: number;
}

/** What the holder of an API key may do. */
export interface KeyGrant {
  readonly keyId: KeyId;
  readonly scopes: readonly Scope[];
  readonly revokedAtMs: number | null;
}

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

/** May the holder of this credential use the API, for any one of these scopes? Debits nothing. */
export interface AccessRequest {
  readonly kind: "access";
  /** SHA-256 of the API key, base64url. */
  readonly credential: string;
  readonly anyScope: readonly Scope[];
}

/** May this inference run, now? Debits one call and writes one ledger entry. */
export interface InferRequest {
  readonly kind: "infer";
  readonly credential: string;
  readonly model: string;
  /** A version's number or an alias; {@link DEFAULT_ALIAS} when undefined. */
  readonly version: string | undefined;
  /** Who is served, where traffic is spread over versions; the API key when undefined. */
  readonly routingKey: string | undefined;
  readonly idempotency: Idempotency | undefined;
}

/** A caller's promise that requests with the same key are the same request. */
export interface Idempotency {
  readonly key: string;
  /** SHA-256 over the route and the payload. */
  readonly fingerprint: string;
}

export type AdmissionRequest = AccessRequest | InferRequest;

/** The cell's answer: leave to go on, or a refusal with its evidence. */
export type Admission =
  | { readonly kind: "granted"; readonly keyId: KeyId; readonly scopes: readonly Scope[] }
  | Admitted
  | Refusal;

/** An inference that may run, and the ledger entry that it was charged to. */
export interface Admitted {
  readonly kind: "admitted";
  readonly entryId: EntryId;
  /** An earlier request with the same idempotency key was charged; this one is not. */
  readonly replayed: boolean;
  readonly version: DeployedVersion;
  readonly limit: LimitState;
  /** How long it may run, in milliseconds. */
  readonly runLimitMs: number;
}

export type Refusal =
  | { readonly kind: "unknown-key" }
  | { readonly kind: "revoked-key" }
  | { readonly kind: "tenant-suspended" }
  | { readonly kind: "insufficient-scope"; readonly anyScope: readonly Scope[]; readonly held: readonly Scope[] }
  | { readonly kind: "model-not-found"; readonly model: string }
  | { readonly kind: "model-unloaded"; readonly model: string }
  | { readonly kind: "version-not-found"; readonly model: string; readonly version: string }
  | { readonly kind: "version-retired"; readonly model: string; readonly version: string }
  | { readonly kind: "quota-exceeded"; readonly limit: LimitState }
  | { readonly kind: "idempotency-in-flight"; readonly entryId: EntryId }
  | { readonly kind: "idempotency-mismatch"; readonly entryId: EntryId };

/** A new line of the ledger, as it is written at admission. */
export interface NewEntry {
  readonly id: EntryId;
  readonly atMs: number;
  readonly keyId: KeyId;
  readonly model: string;
  readonly version: DeployedVersion;
  readonly idempotency: Idempotency | undefined;
}

/** What the ledger knows of an idempotency key. */
export interface Claim {
  readonly entryId: EntryId;
  readonly fingerprint: string;
  readonly versionId: VersionId;
  /** `running` until it is settled or its lease ends; an inference that was not charged gives its key back. */
  readonly state: "running" | "charged";
}

/** What the rules read, and the effects that they may have. Everything here happens in one transaction. */
export interface AdmissionState {
  readonly tenant: TenantPolicy;
  bucket: TokenBucket;
  keyByHash(hash: string): KeyGrant | undefined;
  deploymentByName(name: string): Deployment | undefined;
  claimOf(idempotencyKey: string): Claim | undefined;
  newEntryId(): EntryId;
  charge(entry: NewEntry): void;
  countRefusal(model: string, reason: Refusal["kind"]): void;
}

/** The name of the tenant's inference limit in the RateLimit headers. */
const INFERENCE_POLICY = "inference";

/**
 * Decide one request, in the order in which a refusal should be heard: credential, tenant, scope, model, idempotency, limit;
 * then debit and ledger entry. A refusal debits nothing.
 */
export function admit(state: AdmissionState, request: AdmissionRequest, nowMs: number): Admission {
  const key = state.keyByHash(request.credential);
  if (!key) return { kind: "unknown-key" };
  if (key.revokedAtMs !== null) return { kind: "revoked-key" };
  if (request.kind === "access") return admitAccess(state.tenant, key, request.anyScope);
  const answer = admitInference(state, key, request, nowMs);
  if (answer.kind !== "admitted") {
    const isKnownModel = state.deploymentByName(request.model) !== undefined;
    state.countRefusal(isKnownModel ? request.model : "", answer.kind);
  }
  return answer;
}

function admitAccess(tenant: TenantPolicy, key: KeyGrant, anyScope: readonly Scope[]): Admission {
  const isRead = anyScope.some((scope) => scope.endsWith(":read"));
  if (tenant.status === "suspended" && !isRead) return { kind: "tenant-suspended" };
  if (!anyScope.some((scope) => key.scopes.includes(scope))) {
    return { kind: "insufficient-scope", anyScope, held: key.scopes };
  }
  return { kind: "granted", keyId: key.keyId, scopes: key.scopes };
}

function admitInference(
  state: AdmissionState,
  key: KeyGrant,
  request: InferRequest,
  nowMs: number,
): Admitted | Refusal {
  if (state.tenant.status === "suspended") return { kind: "tenant-suspended" };
  if (!key.scopes.includes("infer")) return { kind: "insufficient-scope", anyScope: ["infer"], held: key.scopes };
  const resolved = resolveVersion(state.deploymentByName(request.model), request, key.keyId);
  if ("kind" in resolved) return resolved;

  const bucket = refill(state.bucket, state.tenant.limit, nowMs);
  const claim = request.idempotency && state.claimOf(request.idempotency.key);
  if (claim) return answerRepeat(claim, request.idempotency?.fingerprint, resolved, terms(state, bucket));

  const debited = take(bucket);
  if (!debited) return { kind: "quota-exceeded", limit: limitState(state, bucket) };
  const { deployment, version } = resolved;
  const { name: model } = deployment;
  const entryId = state.newEntryId();
  state.bucket = debited;
  state.charge({ id: entryId, atMs: nowMs, keyId: key.keyId, model, version, idempotency: request.idempotency });
  return { kind: "admitted", entryId, replayed: false, version, ...terms(state, debited) };
}

type Terms = Pick<Admitted, "limit" | "runLimitMs">;

/** What an admission tells of the tenant's limits. */
function terms(state: AdmissionState, bucket: TokenBucket): Terms {
  return { limit: limitState(state, bucket), runLimitMs: state.tenant.runLimitMs };
}

function limitState(state: AdmissionState, bucket: TokenBucket): LimitState {
  return describeBucket(INFERENCE_POLICY, bucket, state.tenant.limit);
}

interface Resolved {
  readonly deployment: Deployment;
  readonly version: DeployedVersion;
}

/** Find the version that a request names by number or alias, or that traffic gives it. */
function resolveVersion(deployment: Deployment | undefined, request: InferRequest, keyId: KeyId): Resolved | Refusal {
  if (!deployment) return { kind: "model-not-found", model: request.model };
  if (!deployment.loaded) return { kind: "model-unloaded", model: request.model };
  const wanted = request.version ?? DEFAULT_ALIAS;
  const isSpread = wanted === DEFAULT_ALIAS && deployment.traffic !== null;
  const number = isSpread
    ? pickVersion(deployment.traffic, deployment.modelId, request.routingKey ?? keyId)
    : numberOf(deployment, wanted);
  const version = deployment.versions.find((candidate) => candidate.number === number);
  const { model } = request;
  if (!version) return { kind: "version-not-found", model, version: wanted };
  if (deployment.retired.includes(version.number)) return { kind: "version-retired", model, version: wanted };
  return { deployment, version };
}

/** An alias can't look like a number, so the two never clash. */
function numberOf({ aliases }: Deployment, wanted: string): number | undefined {
  if (/^[1-9]\d*$/.test(wanted)) return Number(wanted);
  return Object.hasOwn(aliases, wanted) ? aliases[wanted] : undefined;
}

/**
 * A repeated idempotency key meets its first request's ledger entry: it is charged nothing, and takes nothing from the limit.
 *
 * It runs on the version that was charged, unless that one is gone or retired.
 */
function answerRepeat(
  claim: Claim,
  fingerprint: string | undefined,
  resolved: Resolved,
  { limit, runLimitMs }: Terms,
): Admitted | Refusal {
  const { entryId } = claim;
  if (claim.fingerprint !== fingerprint) return { kind: "idempotency-mismatch", entryId };
  if (claim.state === "running") return { kind: "idempotency-in-flight", entryId };
  const { versions, retired } = resolved.deployment;
  const charged = versions.find(({ versionId, number }) => versionId === claim.versionId && !retired.includes(number));
  return { kind: "admitted", entryId, replayed: true, version: charged ?? resolved.version, limit, runLimitMs };
}
