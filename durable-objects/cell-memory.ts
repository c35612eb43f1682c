import type { TenantPolicy } from "../src/admission/admission.rules.ts";
import { type CellDocuments, readCredit, readDocuments, readEpochs } from "../src/admission/cell-state.store.ts";
import { limitsOfCaller } from "../src/admission/caller-limits.rules.ts";
import type { Caller, Credentials, EpochKind } from "../src/admission/credentials.rules.ts";
import type { Deployment } from "../src/admission/deployments.rules.ts";
import type { HashedKeyGrant } from "../src/admission/hot-state.store.ts";
import type { Meter, Meters } from "../src/admission/meters.rules.ts";
import type { Limits } from "../src/admission/policies.rules.ts";
import { KeyUses } from "../src/admission/key-uses.rules.ts";
import { readKeyUses } from "../src/admission/key-uses.store.ts";
import { readMeters } from "../src/admission/meters.store.ts";
import type { EntryId, ModelId, TenantId, VersionId } from "../src/shared/ids.ts";
import { type ChainHead, genesisOf } from "../src/usage/chain.rules.ts";
import { readHead } from "../src/usage/ledger.store.ts";
import type { Amounts } from "../src/usage/statistics.store.ts";
import { type OpenEntry, readOpenEntries } from "../src/usage/open-entries.store.ts";

/**
 * What a cell keeps in memory: copies of what its SQLite holds, indexed for admission.
 *
 * Changed only as SQLite is; whoever fails between the two drops it all, and the cell reads itself anew.
 */
export class CellMemory implements Credentials, Meters {
  tenant: TenantPolicy;
  readonly keysByHash = new Map<string, HashedKeyGrant>();
  /** Of the keys that have any. */
  readonly ownLimits = new Map<string, Limits>();
  readonly deploymentsByName = new Map<string, Deployment>();
  /** Of all versions that there are, retired ones too. */
  readonly versionIds = new Set<VersionId>();
  /** When credentials of a subject begin to hold, by its kind and id. */
  readonly epochs: Map<string, number>;
  readonly meters: Map<string, Meter>;
  readonly open = new OpenEntries();
  /** When keys were used last, and what of it SQLite has: see {@link KeyUses}. */
  readonly uses: KeyUses;
  /** What versions have done, of those that did anything since the cell woke. */
  readonly figures = new Map<VersionId, Amounts>();
  head: ChainHead;
  /** What was granted in advance, in micro-dollars. */
  creditMicroUsd: number;
  readonly #limits = new Map<Limits | null, Limits>();

  constructor(
    documents: CellDocuments,
    rest: Pick<CellMemory, "epochs" | "meters" | "head" | "creditMicroUsd" | "uses">,
  ) {
    this.tenant = documents.policy;
    for (const key of documents.keys) this.putKey(key);
    for (const deployment of documents.deployments) this.putDeployment(deployment);
    this.epochs = rest.epochs;
    this.meters = rest.meters;
    this.uses = rest.uses;
    this.head = rest.head;
    this.creditMicroUsd = rest.creditMicroUsd;
  }

  /** Everything as SQLite has it; undefined when it has no tenant, or has it in another form. */
  static read(sql: SqlStorage, tenantId: TenantId): CellMemory | undefined {
    const documents = readDocuments(sql);
    if (!documents) return undefined;
    const memory = new CellMemory(documents, {
      epochs: readEpochs(sql),
      meters: readMeters(sql),
      uses: new KeyUses(readKeyUses(sql)),
      head: readHead(sql) ?? genesisOf(tenantId),
      creditMicroUsd: readCredit(sql),
    });
    for (const entry of readOpenEntries(sql)) memory.open.add(entry);
    return memory;
  }

  putPolicy(policy: TenantPolicy): void {
    this.tenant = policy;
    this.#limits.clear();
  }

  putKey(key: HashedKeyGrant): void {
    this.#limits.delete(this.keysByHash.get(key.hash)?.limits ?? null);
    this.keysByHash.set(key.hash, key);
    if (key.limits) this.ownLimits.set(key.keyId, key.limits);
    else this.ownLimits.delete(key.keyId);
  }

  putCredit(creditMicroUsd: number): void {
    this.creditMicroUsd = creditMicroUsd;
    this.#limits.clear();
  }

  putDeployment(deployment: Deployment): void {
    this.deploymentsByName.set(deployment.name, deployment);
    for (const { versionId } of deployment.versions) this.versionIds.add(versionId);
  }

  removeDeployment(modelId: ModelId): void {
    for (const versionId of this.versionsOf(modelId)) {
      this.versionIds.delete(versionId);
      this.figures.delete(versionId);
    }
    const held = this.#deploymentOf(modelId);
    if (held) this.deploymentsByName.delete(held.name);
  }

  /** The versions of a model; none where there is no such model. */
  versionsOf(modelId: ModelId): VersionId[] {
    return (this.#deploymentOf(modelId)?.versions ?? []).map(({ versionId }) => versionId);
  }

  #deploymentOf(modelId: ModelId): Deployment | undefined {
    return [...this.deploymentsByName.values()].find((candidate) => candidate.modelId === modelId);
  }

  keyByHash(hash: string): HashedKeyGrant | undefined {
    return this.keysByHash.get(hash);
  }

  notBeforeMs(kind: EpochKind, id: string): number | undefined {
    return this.epochs.size === 0 ? undefined : this.epochs.get(`${kind} ${id}`);
  }

  meterOf(id: string): Meter | undefined {
    return this.meters.get(id);
  }

  inFlight(subjectId: string): number {
    return this.open.count(subjectId);
  }

  /** Everything that bounds a caller. */
  limitsOf({ limits }: Pick<Caller, "limits">): Limits {
    const known = this.#limits.get(limits);
    if (known) return known;
    const merged = limitsOfCaller(this.tenant, limits, this.creditMicroUsd);
    this.#limits.set(limits, merged);
    return merged;
  }
}

/** Inferences under way, oldest first, and how many each subject has. */
class OpenEntries {
  readonly #entries = new Map<EntryId, OpenEntry>();
  readonly #counts = new Map<string, number>();

  get all(): Iterable<OpenEntry> {
    return this.#entries.values();
  }

  get oldest(): OpenEntry | undefined {
    return this.#entries.values().next().value;
  }

  get(id: EntryId): OpenEntry | undefined {
    return this.#entries.get(id);
  }

  count(subjectId: string): number {
    return this.#counts.get(subjectId) ?? 0;
  }

  add(entry: OpenEntry): void {
    this.#entries.set(entry.charged.entryId, entry);
    for (const subject of subjectsOf(entry)) this.#counts.set(subject, this.count(subject) + 1);
  }

  remove(entry: OpenEntry): void {
    if (!this.#entries.delete(entry.charged.entryId)) return;
    for (const subject of subjectsOf(entry)) {
      const left = this.count(subject) - 1;
      if (left > 0) this.#counts.set(subject, left);
      else this.#counts.delete(subject);
    }
  }
}

function subjectsOf({ charged }: OpenEntry): string[] {
  return ["tenant", charged.keyId, charged.modelId];
}
