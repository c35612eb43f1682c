import { type Grant, holds } from "../identity/permissions.rules.ts";
import { type CallerId, type EntryId, type KeyId, type UserId, type VersionId, isId } from "../shared/ids.ts";
import type { Charged, Rates } from "../usage/ledger.rules.ts";
import { type Claim, type Held, type Idempotency, type Repetition, claimId, repetitionOf } from "./claims.rules.ts";
import {
  type Caller,
  type Credential,
  type CredentialRefusal,
  type Credentials,
  identify,
  isModelOf,
  mayCallFrom,
} from "./credentials.rules.ts";
import {
  type DeployedVersion,
  type Deployment,
  type Resolved,
  type Unresolved,
  resolveVersion,
} from "./deployments.rules.ts";
import type { LimitState } from "./limit-states.rules.ts";
import { type Demand, type Exceeded, weigh } from "./limits.rules.ts";
import type { Hold, Meter, Meters } from "./meters.rules.ts";
import { isAllowedOrigin } from "./origins.rules.ts";
import type { Endpoint, Limits } from "./policies.rules.ts";

/** The tenant as its cell knows it. */
export interface TenantPolicy {
  /** Rises with each change; an older policy never takes the place of a newer one. */
  readonly version: number;
  readonly status: "active" | "suspended";
  readonly limits: Limits;
  /** What was granted in advance, where the tenant pays so; null where it pays afterwards. */
  readonly isPrepaid: boolean;
  readonly rates: Rates;
  /** When a billing period of the tenant began, ms since 1970. */
  readonly periodAnchorMs: number;
  readonly allowedIps: readonly string[] | null;
  /** Pages of which origins may call, besides the service's own. */
  readonly allowedOrigins: readonly string[];
  /** Credentials of the tenant that were issued before this moment are void, ms since 1970. */
  readonly notBeforeMs: number;
  /** How long one inference may run, in milliseconds. */
  readonly runLimitMs: number;
  /** How long raw ledger rows stay in the cell before they move to R2, in milliseconds. */
  readonly ledgerRetentionMs: number;
  /** Listeners to the live feed at a time. */
  readonly maxListeners: number;
}

/** May the holder of this credential use the API, for any one of these scopes? Charges nothing. */
export interface AccessRequest {
  readonly kind: "access";
  readonly credential: Credential;
  /** The caller's address; empty when it is not known. */
  readonly address: string;
  /** The origin of the page that calls; undefined for the service's own, and where no page calls. */
  readonly origin: string | undefined;
  readonly endpoint: Exclude<Endpoint, "infer">;
  /** The name of the model that the request is about; undefined where it is about none, or several. */
  readonly model: string | undefined;
  readonly anyScope: readonly Grant[];
  readonly idempotency: Idempotency | undefined;
}

/** May this inference run, now? Debits one call and writes one ledger entry. */
export interface InferRequest {
  readonly kind: "infer";
  /** The ledger entry that it is to be charged to. A request that is asked again with the same id is charged once. */
  readonly entryId: EntryId;
  readonly credential: Credential;
  readonly address: string;
  /** As {@link AccessRequest} has it. */
  readonly origin: string | undefined;
  readonly model: string;
  /** A version's number or an alias; the alias `production` when undefined. */
  readonly version: string | undefined;
  /** Who is served, where traffic is spread over versions; the caller when undefined. */
  readonly routingKey: string | undefined;
  readonly idempotency: Idempotency | undefined;
  /** What the request announces as its length; 0 when it announces nothing. */
  readonly bytesIn: number;
}

export type AdmissionRequest = AccessRequest | InferRequest;

/** The cell's answer: leave to go on, an answer that was given before, or a refusal with its evidence. */
export type Admission = Granted | Admitted | Extract<Repetition, { kind: "repeated" }> | Refusal;

/** Leave to use the API. */
export interface Granted {
  readonly kind: "granted";
  readonly callerId: CallerId;
  /** As {@link Caller} has them. */
  readonly userId: UserId | null;
  readonly scopes: readonly Grant[];
  readonly models: readonly string[] | null;
  readonly limit: LimitState | undefined;
  /** The idempotency key's claim, to be concluded when the request has ended. */
  readonly claim: Held | undefined;
}

/** An inference that may run, and the ledger entry that it was charged to. */
export interface Admitted {
  readonly kind: "admitted";
  readonly entryId: EntryId;
  /** The hash of the entry's row in the ledger; undefined for one that an earlier request was charged to. */
  readonly receipt: string | undefined;
  /** An earlier request with the same idempotency key was charged; this one is not. */
  readonly replayed: boolean;
  readonly version: DeployedVersion;
  readonly limit: LimitState | undefined;
  /** How long it may run, in milliseconds. */
  readonly runLimitMs: number;
}

export type Refusal =
  | CredentialRefusal
  | Unresolved
  | { readonly kind: "tenant-suspended" }
  | { readonly kind: "insufficient-scope"; readonly anyScope: readonly Grant[]; readonly held: readonly Grant[] }
  | { readonly kind: "origin-not-allowed"; readonly origin: string }
  | { readonly kind: "address-not-allowed"; readonly address: string }
  | { readonly kind: "quota-exceeded"; readonly violated: Exceeded["violated"] }
  | { readonly kind: "credits-exhausted"; readonly limit: LimitState }
  | Extract<Repetition, { kind: "idempotency-in-flight" | "idempotency-mismatch" }>;

/** A charge as it is decided: it is written, with all that it changes, before anybody hears of it. */
export interface Charge {
  readonly charged: Omit<Charged, "atMs">;
  readonly holds: readonly Hold[];
  readonly runLimitMs: number;
  readonly idempotency: Idempotency | undefined;
}

/** What the rules read, and the effects that they may have. Everything here happens in one transaction. */
export interface AdmissionState extends Credentials, Meters {
  readonly tenant: TenantPolicy;
  /** The limits of a caller: the tenant's, the caller's own, and its credit. */
  limitsOf(caller: Caller): Limits;
  deploymentByName(name: string): Deployment | undefined;
  claimOf(idempotency: Idempotency): Claim | undefined;
  setMeters(meters: ReadonlyMap<string, Meter>): void;
  /** Write a charge to the ledger. @returns its receipt */
  charge(charge: Charge): string;
  /** What was admitted under this entry and has not ended; undefined when nothing was. */
  openEntry(
    entryId: EntryId,
  ): { readonly versionId: VersionId; readonly runLimitMs: number; readonly receipt: string } | undefined;
  /**
   * Take an idempotency key for a request that charges nothing.
   *
   * @param charged  what an earlier holder, who died, was charged for: the run goes on in its entry
   */
  claim(idempotency: Idempotency, charged?: Pick<Claim, "entryId" | "versionId" | "holderId">): EntryId;
  /** Note that a key was used just now. */
  noteUse(keyId: KeyId): void;
  countRefusal(callerId: string, model: string, reason: Refusal["kind"]): void;
}

/**
 * Decide one request, in the order in which a refusal should be heard: credential, origin, tenant, scope, address, models of the
 * key, idempotency key, model, limits; then debit and ledger entry. A refusal debits nothing.
 *
 * The credential comes first, so that a stranger learns nothing of a tenant; the origin comes before a credential that is no longer
 * good, so that a page may read why it is refused wherever it may read anything. The idempotency key comes before the model and the
 * limits, because an answer that was given needs neither: who lost the answer of the last call of a quota, or of a model that was
 * deleted since, may still fetch it.
 */
export function admit(state: AdmissionState, request: AdmissionRequest, nowMs: number): Admission {
  const caller = identify(state, request.credential, nowMs);
  if ("kind" in caller) return caller.kind === "unknown-key" ? caller : (refuseOrigin(state, request) ?? caller);
  const answer =
    request.kind === "access"
      ? admitAccess(state, caller, request, nowMs)
      : admitInference(state, caller, request, nowMs);
  const { kind } = answer;
  const isLeave = kind === "granted" || kind === "admitted" || kind === "repeated";
  if (isLeave && isId("key", caller.callerId)) state.noteUse(caller.callerId);
  return answer;
}

function admitAccess(state: AdmissionState, caller: Caller, request: AccessRequest, nowMs: number): Admission {
  const { anyScope, endpoint } = request;
  const refused =
    refuseCaller(state, caller, request, anyScope, endpoint === "read") ?? refuseModel(caller, request.model);
  if (refused) return refused;
  const idempotency = request.idempotency && boundTo(caller, request.idempotency);
  const repetition = idempotency && repetitionOf(state.claimOf(idempotency), idempotency.fingerprint, nowMs);
  if (repetition && repetition.kind !== "first" && repetition.kind !== "unanswered") return repetition;
  const demand = { endpoint, keyId: caller.callerId, modelId: undefined, bytesIn: 0, run: undefined };
  const weighed = weigh(state.limitsOf(caller), state, demand, nowMs, state.tenant.periodAnchorMs);
  if (weighed.kind === "exceeded") return { kind: "quota-exceeded", violated: weighed.violated };
  state.setMeters(weighed.meters);
  const claim = idempotency && { claimId: claimId(idempotency), entryId: state.claim(idempotency) };
  const { callerId, userId, scopes, models } = caller;
  return { kind: "granted", callerId, userId, scopes, models, limit: weighed.closest, claim };
}

/** Another caller's request is another request: an answer may hold what only who asked for it may see, such as a new key. */
function boundTo({ callerId }: Caller, idempotency: Idempotency): Idempotency {
  return { ...idempotency, fingerprint: `${callerId} ${idempotency.fingerprint}` };
}

/** Why this caller may not do this at all. Who is suspended may still read. */
export function refuseCaller(
  { tenant }: Pick<AdmissionState, "tenant">,
  { scopes, allowedIps }: Caller,
  from: Pick<AdmissionRequest, "address" | "origin">,
  anyScope: readonly Grant[],
  isRead: boolean,
): Refusal | undefined {
  const { address } = from;
  const refusedOrigin = refuseOrigin({ tenant }, from);
  if (refusedOrigin) return refusedOrigin;
  if (tenant.status === "suspended" && !isRead) return { kind: "tenant-suspended" };
  if (!anyScope.some((scope) => holds(scopes, scope))) return { kind: "insufficient-scope", anyScope, held: scopes };
  if (!mayCallFrom(address, [tenant.allowedIps, allowedIps])) return { kind: "address-not-allowed", address };
  return undefined;
}

/** For a key with a list of models there are no others. */
function refuseModel(caller: Caller, model: string | undefined): Refusal | undefined {
  return model === undefined || isModelOf(caller, model) ? undefined : { kind: "model-not-found", model };
}

function refuseOrigin(
  { tenant }: Pick<AdmissionState, "tenant">,
  { origin }: Pick<AdmissionRequest, "origin">,
): Refusal | undefined {
  if (origin === undefined || isAllowedOrigin(tenant.allowedOrigins, origin)) return undefined;
  return { kind: "origin-not-allowed", origin };
}

function admitInference(state: AdmissionState, caller: Caller, request: InferRequest, nowMs: number): Admission {
  const answer =
    refuseCaller(state, caller, request, ["models:infer"], false) ??
    refuseModel(caller, request.model) ??
    decideInference(state, caller, request, nowMs);
  if (answer.kind !== "admitted" && answer.kind !== "repeated") {
    const isKnownModel = state.deploymentByName(request.model) !== undefined;
    state.countRefusal(caller.callerId, isKnownModel ? request.model : "", answer.kind);
  }
  return answer;
}

function decideInference(
  state: AdmissionState,
  caller: Caller,
  request: InferRequest,
  nowMs: number,
): Exclude<Admission, Granted> {
  const { model, version: wanted, idempotency, routingKey = caller.callerId, entryId } = request;
  const resolved = resolveVersion(state.deploymentByName(model), { model, version: wanted, routingKey });
  const open = state.openEntry(entryId);
  if (open && resolved.kind === "resolved") return admitAgain(entryId, open, resolved);
  const repetition = idempotency && repetitionOf(state.claimOf(idempotency), idempotency.fingerprint, nowMs, entryId);
  if (repetition && repetition.kind !== "first" && repetition.kind !== "unanswered") return repetition;
  if (resolved.kind !== "resolved") return resolved;
  if (idempotency && repetition?.kind === "unanswered") {
    return runAgain(state, { idempotency, entryId }, repetition, resolved);
  }
  return chargeInference(state, caller, request, resolved, nowMs);
}

function chargeInference(
  state: AdmissionState,
  caller: Caller,
  request: InferRequest,
  { deployment, version }: Resolved,
  nowMs: number,
): Admitted | Refusal {
  const { rates, runLimitMs, periodAnchorMs } = state.tenant;
  const { callerId: keyId } = caller;
  const run = {
    priceMicroUsd: rates.inferenceMicroUsd,
    computeMicroUsdPerSecond: rates.computeSecondMicroUsd,
    limitMs: runLimitMs,
  };
  const { modelId, name: model } = deployment;
  const demand: Demand = { endpoint: "infer", keyId, modelId, bytesIn: request.bytesIn, run };
  const weighed = weigh(state.limitsOf(caller), state, demand, nowMs, periodAnchorMs);
  if (weighed.kind === "exceeded") return refuseExceeded(weighed.violated);
  state.setMeters(weighed.meters);
  const { versionId, number, runtime } = version;
  const { idempotency, entryId } = request;
  const idempotencyKey = idempotency?.key ?? null;
  const charged = { entryId, keyId, modelId, model, versionId, version: number, runtime, rates, idempotencyKey };
  const receipt = state.charge({
    charged,
    holds: weighed.holds,
    runLimitMs: weighed.runLimitMs,
    idempotency,
  });
  const { closest: limit } = weighed;
  return { kind: "admitted", entryId, receipt, replayed: false, version, limit, runLimitMs: weighed.runLimitMs };
}

/** The name of the limit that prepaid credit is. */
export const CREDIT_POLICY = "credits";

/** Waiting helps with limits, but not with credit that is used up. */
function refuseExceeded(violated: Exceeded["violated"]): Refusal {
  const credit = violated.find(({ policy }) => policy === CREDIT_POLICY);
  return credit ? { kind: "credits-exhausted", limit: credit } : { kind: "quota-exceeded", violated };
}

/** The cell admitted this very request before, and its word was lost on the way: it says so again. */
function admitAgain(
  entryId: EntryId,
  { versionId, runLimitMs, receipt }: NonNullable<ReturnType<AdmissionState["openEntry"]>>,
  { deployment, version }: Resolved,
): Admitted {
  const charged = deployment.versions.find((candidate) => candidate.versionId === versionId) ?? version;
  return { kind: "admitted", entryId, receipt, replayed: false, version: charged, limit: undefined, runLimitMs };
}

/**
 * The first request was charged, and its answer was lost: run again, at no charge and outside all limits, on the version that was
 * charged, unless that one is gone or retired.
 */
function runAgain(
  state: AdmissionState,
  { idempotency, entryId: holderId }: { idempotency: Idempotency; entryId: EntryId },
  { claim }: Extract<Repetition, { kind: "unanswered" }>,
  resolved: Resolved,
): Admitted {
  state.claim(idempotency, { ...claim, holderId });
  const { versions, retired } = resolved.deployment;
  const charged = versions.find(({ versionId, number }) => versionId === claim.versionId && !retired.includes(number));
  const { entryId } = claim;
  const { runLimitMs } = state.tenant;
  const version = charged ?? resolved.version;
  return { kind: "admitted", entryId, receipt: undefined, replayed: true, version, limit: undefined, runLimitMs };
}
