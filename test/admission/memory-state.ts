import { expect } from "vitest";
import {
  type AccessRequest,
  type AdmissionRequest,
  type AdmissionState,
  type Charge,
  type InferRequest,
  type Refusal,
  type TenantPolicy,
  admit,
} from "../../src/admission/admission.rules.ts";
import { CLAIM_TTL_MS, type Claim, type Idempotency, claimId } from "../../src/admission/claims.rules.ts";
import type { Caller, EpochKind, KeyGrant } from "../../src/admission/credentials.rules.ts";
import { DEFAULT_ALIAS, type DeployedVersion, type Deployment } from "../../src/admission/deployments.rules.ts";
import type { Meter } from "../../src/admission/meters.rules.ts";
import type { Limits } from "../../src/admission/policies.rules.ts";
import { fullBucket } from "../../src/admission/token-bucket.rules.ts";
import type { Grant } from "../../src/identity/permissions.rules.ts";
import { type EntryId, type KeyId, newId } from "../../src/shared/ids.ts";

/** When the tests of the rules take place, in ms since 1970. */
export const NOW_MS = 1_000_000;

/** A limit of five calls at once and two a second. */
export const limit = { name: "inference", per: "tenant", endpoint: "infer", burst: 5, ratePerSecond: 2 } as const;
/** Where the state of {@link limit} is kept. */
const LIMIT_METER = "inference tenant";

/** The idempotency key of a test, and the name of its claim. */
export const idempotency: Idempotency = { key: "k", route: "POST /infer", fingerprint: "f" };
export const CLAIM = claimId(idempotency);

/** What the admission rules read and write, in memory. */
export class MemoryState implements AdmissionState {
  tenant: TenantPolicy = {
    version: 1,
    status: "active",
    limits: { rates: [limit], quotas: [], concurrency: [] },
    isPrepaid: false,
    rates: { inferenceMicroUsd: 100, computeSecondMicroUsd: 0 },
    periodAnchorMs: 0,
    allowedIps: null,
    allowedOrigins: [],
    notBeforeMs: 0,
    runLimitMs: 10_000,
    ledgerRetentionMs: 1,
    maxListeners: 1,
  };
  readonly keys = new Map<string, KeyGrant>();
  readonly epochs = new Map<string, number>();
  readonly deployments = new Map<string, Deployment>();
  /** By {@link claimId}. */
  readonly claims = new Map<string, Claim>();
  readonly meters = new Map<string, Meter>();
  readonly running = new Map<string, number>();
  readonly charges: Charge[] = [];
  /** The claims that were taken for requests that charge nothing. */
  readonly taken: string[] = [];
  readonly uses: KeyId[] = [];
  readonly refusals: [callerId: string, model: string, reason: Refusal["kind"]][] = [];

  keyByHash(hash: string): KeyGrant | undefined {
    return this.keys.get(hash);
  }

  notBeforeMs(kind: EpochKind, id: string): number | undefined {
    return this.epochs.get(`${kind} ${id}`);
  }

  limitsOf({ limits }: Caller): Limits {
    return limits ?? this.tenant.limits;
  }

  deploymentByName(name: string): Deployment | undefined {
    return this.deployments.get(name);
  }

  claimOf(wanted: Idempotency): Claim | undefined {
    return this.claims.get(claimId(wanted));
  }

  meterOf(id: string): Meter | undefined {
    return this.meters.get(id);
  }

  inFlight(subjectId: string): number {
    return this.running.get(subjectId) ?? 0;
  }

  setMeters(meters: ReadonlyMap<string, Meter>): void {
    for (const [id, meter] of meters) this.meters.set(id, meter);
  }

  charge(charge: Charge): string {
    this.charges.push(charge);
    return "a receipt";
  }

  openEntry(entryId: EntryId) {
    const charge = this.charges.find(({ charged }) => charged.entryId === entryId);
    return charge && { versionId: charge.charged.versionId, runLimitMs: charge.runLimitMs, receipt: "a receipt" };
  }

  claim(wanted: Idempotency, charged?: Pick<Claim, "entryId">): EntryId {
    this.taken.push(claimId(wanted));
    return charged?.entryId ?? newId("ent", NOW_MS);
  }

  noteUse(keyId: KeyId): void {
    this.uses.push(keyId);
  }

  countRefusal(callerId: string, model: string, reason: Refusal["kind"]): void {
    this.refusals.push([callerId, model, reason]);
  }

  /** The millionths of a call that {@link limit} has left. */
  get microTokens(): number {
    return this.meters.get(LIMIT_METER)?.amount ?? fullBucket(limit, NOW_MS).microTokens;
  }

  /** Leave so much of {@link limit}, as of a moment. */
  leave(microTokens: number, atMs = NOW_MS): void {
    this.meters.set(LIMIT_METER, { amount: microTokens, held: 0, atMs, raisedPercent: 0 });
  }

  /** Everything that a decision may change. */
  snapshot(): unknown {
    return structuredClone([this.meters, this.charges, this.taken, this.claims]);
  }
}

/** A key that may do this. */
export function grantOf(scopes: readonly Grant[], changed: Partial<KeyGrant> = {}): KeyGrant {
  return {
    keyId: newId("key", 0),
    userId: null,
    isOrphaned: false,
    scopes,
    expiresAtMs: null,
    models: null,
    createdAtMs: 0,
    revokedAtMs: null,
    allowedIps: null,
    limits: null,
    ...changed,
  };
}

/** A model with this many versions; production points at the last unless the aliases say otherwise. */
export function deploymentOf(name: string, count: number, aliases?: Record<string, number>): Deployment {
  const modelId = newId("mdl", 0);
  const versions = Array.from({ length: count }, (_, index): DeployedVersion => {
    const sha256 = String(index).repeat(64);
    const versionId = newId("ver", index);
    return {
      modelId,
      versionId,
      number: index + 1,
      runtime: "isolate",
      sizeBytes: 100,
      sha256,
      externalData: [],
      backend: null,
    };
  });
  return {
    modelId,
    name,
    versions,
    aliases: aliases ?? { [DEFAULT_ALIAS]: count },
    retired: [],
    loaded: true,
    traffic: null,
  };
}

/** A tenant whose key "secret" may infer, with a model "m" of three versions. */
export function tenantWithModel(): MemoryState {
  const state = new MemoryState();
  state.keys.set("secret", grantOf(["models:infer"]));
  state.deployments.set("m", deploymentOf("m", 3));
  return state;
}

/** An inference with the key "secret" of the model "m". */
export function inference(changed: Partial<InferRequest> = {}): InferRequest {
  return {
    kind: "infer",
    entryId: newId("ent", NOW_MS),
    credential: { kind: "key", hash: "secret" },
    address: "",
    origin: undefined,
    model: "m",
    version: undefined,
    routingKey: undefined,
    idempotency: undefined,
    bytesIn: 0,
    ...changed,
  };
}

/** A read with the key "secret". */
export function access(anyScope: readonly Grant[], changed: Partial<AccessRequest> = {}): AccessRequest {
  return {
    kind: "access",
    credential: { kind: "key", hash: "secret" },
    address: "",
    origin: undefined,
    endpoint: anyScope.some((scope) => scope.endsWith(":read")) ? "read" : "write",
    model: undefined,
    anyScope,
    idempotency: undefined,
    ...changed,
  };
}

/**
 * What the cell knows of {@link idempotency}: its first request was charged on version 1 of the model "m" and has ended, with no
 * answer kept, unless something else is said.
 */
export function claimOf(state: MemoryState, changed: Partial<Claim> = {}): Claim {
  const versionId = state.deployments.get("m")?.versions[0]?.versionId ?? newId("ver", 0);
  return {
    entryId: newId("ent", 1),
    fingerprint: "f",
    versionId,
    startedAtMs: NOW_MS - 1_000,
    leaseEndsAtMs: NOW_MS + 59_000,
    expiresAtMs: NOW_MS - 1_000 + CLAIM_TTL_MS,
    state: "ended",
    answer: undefined,
    ...changed,
  };
}

/** The refusal of a request, after checking that it changes nothing. */
export function refuse(state: MemoryState, request: AdmissionRequest): Refusal {
  const before = state.snapshot();
  const answer = admit(state, request, NOW_MS);
  if (answer.kind === "admitted" || answer.kind === "granted" || answer.kind === "repeated") {
    throw new Error(`Expected a refusal: ${answer.kind}.`);
  }
  expect(state.snapshot()).toEqual(before);
  return answer;
}
