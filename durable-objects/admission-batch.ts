import type {
  AdmissionState,
  Claim,
  Deployment,
  KeyGrant,
  NewEntry,
  Refusal,
  TenantPolicy,
} from "../src/admission/admission.rules.ts";
import { writeBucket } from "../src/admission/cell-state.store.ts";
import type { HashedKeyGrant } from "../src/admission/hot-state.store.ts";
import type { TokenBucket } from "../src/admission/token-bucket.rules.ts";
import { type EntryId, type VersionId, newId } from "../src/shared/ids.ts";
import { runningLeaseMs } from "../src/usage/ledger.rules.ts";
import { addRefusals, appendEntries, findClaim } from "../src/usage/ledger.store.ts";

/** What a cell keeps in memory: copies of what its SQLite holds, indexed for admission. */
export interface CellMemory {
  policy: TenantPolicy;
  readonly keysByHash: Map<string, HashedKeyGrant>;
  readonly deploymentsByName: Map<string, Deployment>;
  /** Of all versions that there are, retired ones too. */
  readonly versionIds: Set<VersionId>;
  bucket: TokenBucket;
}

/**
 * The state that the admission rules see for the length of one batch.
 *
 * It collects what they decide and writes it in one go at the end; should anything throw before, SQLite rolls back and the
 * cell's memory was never touched.
 */
export class AdmissionBatch implements AdmissionState {
  readonly tenant: TenantPolicy;
  bucket: TokenBucket;
  readonly #sql: SqlStorage;
  readonly #memory: CellMemory;
  readonly #nowMs: number;
  readonly #entries: NewEntry[] = [];
  /** Idempotency keys of this batch, which the ledger doesn't hold yet. */
  readonly #claims = new Map<string, Claim>();
  readonly #refusals = new Map<string, { model: string; reason: string; count: number }>();

  constructor(sql: SqlStorage, memory: CellMemory, nowMs: number) {
    this.#sql = sql;
    this.#memory = memory;
    this.#nowMs = nowMs;
    this.tenant = memory.policy;
    this.bucket = memory.bucket;
  }

  keyByHash(hash: string): KeyGrant | undefined {
    return this.#memory.keysByHash.get(hash);
  }

  deploymentByName(name: string): Deployment | undefined {
    return this.#memory.deploymentsByName.get(name);
  }

  claimOf(idempotencyKey: string): Claim | undefined {
    const leaseMs = runningLeaseMs(this.tenant.runLimitMs);
    return this.#claims.get(idempotencyKey) ?? findClaim(this.#sql, idempotencyKey, { nowMs: this.#nowMs, leaseMs });
  }

  newEntryId(): EntryId {
    return newId("ent", this.#nowMs);
  }

  charge(entry: NewEntry): void {
    this.#entries.push(entry);
    if (!entry.idempotency) return;
    const { key, fingerprint } = entry.idempotency;
    const { versionId } = entry.version;
    this.#claims.set(key, { entryId: entry.id, fingerprint, versionId, state: "running" });
  }

  countRefusal(model: string, reason: Refusal["kind"]): void {
    const counted = this.#refusals.get(`${reason} ${model}`) ?? { model, reason, count: 0 };
    this.#refusals.set(`${reason} ${model}`, { ...counted, count: counted.count + 1 });
  }

  /** Write everything that was decided. Called once, inside the batch's transaction. */
  write(): void {
    appendEntries(this.#sql, this.#entries);
    addRefusals(this.#sql, this.#nowMs, this.#refusals.values());
    if (this.bucket !== this.#memory.bucket) writeBucket(this.#sql, this.bucket);
  }
}
