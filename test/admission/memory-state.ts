import {
  type AdmissionState,
  type Claim,
  DEFAULT_ALIAS,
  type Deployment,
  type DeployedVersion,
  type InferRequest,
  type KeyGrant,
  type NewEntry,
  type Refusal,
  type TenantPolicy,
} from "../../src/admission/admission.rules.ts";
import { type BucketLimit, type TokenBucket, fullBucket } from "../../src/admission/token-bucket.rules.ts";
import type { Scope } from "../../src/identity/keys.rules.ts";
import { type EntryId, newId } from "../../src/shared/ids.ts";

/** When the tests of the rules take place, in ms since 1970. */
export const NOW_MS = 1_000_000;

/** A limit of five calls at once and two a second. */
export const limit: BucketLimit = { burst: 5, ratePerSecond: 2 };

/** What the admission rules read and write, in memory. */
export class MemoryState implements AdmissionState {
  tenant: TenantPolicy = { status: "active", limit, runLimitMs: 10_000 };
  bucket: TokenBucket = fullBucket(limit, NOW_MS);
  readonly keys = new Map<string, KeyGrant>();
  readonly deployments = new Map<string, Deployment>();
  readonly claims = new Map<string, Claim>();
  readonly entries: NewEntry[] = [];
  readonly refusals: [model: string, reason: Refusal["kind"]][] = [];

  keyByHash(hash: string): KeyGrant | undefined {
    return this.keys.get(hash);
  }

  deploymentByName(name: string): Deployment | undefined {
    return this.deployments.get(name);
  }

  claimOf(idempotencyKey: string): Claim | undefined {
    return this.claims.get(idempotencyKey);
  }

  newEntryId(): EntryId {
    return newId("ent", NOW_MS);
  }

  charge(entry: NewEntry): void {
    this.entries.push(entry);
  }

  countRefusal(model: string, reason: Refusal["kind"]): void {
    this.refusals.push([model, reason]);
  }
}

/** A key that may do this. */
export function grantOf(scopes: readonly Scope[], revokedAtMs: number | null = null): KeyGrant {
  return { keyId: newId("key", 0), scopes, revokedAtMs };
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
  state.keys.set("secret", grantOf(["infer"]));
  state.deployments.set("m", deploymentOf("m", 3));
  return state;
}

/** An inference with the key "secret" of the model "m". */
export function inference(changed: Partial<InferRequest> = {}): InferRequest {
  return {
    kind: "infer",
    credential: "secret",
    model: "m",
    version: undefined,
    routingKey: undefined,
    idempotency: undefined,
    ...changed,
  };
}

/** What the ledger knows of a key that was charged on version 1 of the model "m", unless something else is said. */
export function claimOf(state: MemoryState, claim: Partial<Claim> = {}): Claim {
  const versionId = state.deployments.get("m")?.versions[0]?.versionId ?? newId("ver", 0);
  return { entryId: newId("ent", 1), fingerprint: "f", versionId, state: "charged", ...claim };
}
