import { DurableObject } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { type Admission, type AdmissionRequest, type Deployment, admit } from "../src/admission/admission.rules.ts";
import {
  type HotState,
  deleteDocument,
  putDocument,
  putHotState,
  readBucket,
  readHotState,
} from "../src/admission/cell-state.store.ts";
import { loadDeployments, loadKeyGrants, loadTenantPolicy } from "../src/admission/hot-state.store.ts";
import { type TokenBucket, fullBucket } from "../src/admission/token-bucket.rules.ts";
import { type KeyId, type ModelId, type TenantId, type VersionId, isId } from "../src/shared/ids.ts";
import { systemClock } from "../src/shared/clock.ts";
import { logFault } from "../src/shared/log.ts";
import { type Settlement, runningLeaseMs } from "../src/usage/ledger.rules.ts";
import { LEDGER_SCHEMA, countInFlight, settleEntries, sumLedger, sumRefusals } from "../src/usage/ledger.store.ts";
import { type Figure, type VersionReport, figuresOf, statisticsOf } from "../src/usage/statistics.rules.ts";
import { STATISTICS_SCHEMA, addFigures, deleteFigures, readFigures } from "../src/usage/statistics.store.ts";
import { type UsageQuery, type UsageRow, joinUsage } from "../src/usage/usage.rules.ts";
import { AdmissionBatch, type CellMemory } from "./admission-batch.ts";

/** What the control plane has changed in D1 and the cell must know before the change counts as made. */
export type Change =
  | { readonly kind: "tenant" }
  | { readonly kind: "key"; readonly keyId: KeyId }
  | { readonly kind: "model"; readonly modelId: ModelId };

/**
 * One tenant's cell: all of its hot state and its usage ledger, in one SQLite database behind one thread.
 *
 * Admission, debit and ledger entry are one transaction, and nothing else in the system takes part in it. Memory holds
 * copies only: after an eviction everything is read back from SQLite, and what SQLite never had, from D1.
 */
export class TenantCell extends DurableObject<Env> {
  #memory: CellMemory | undefined;
  /** Loads from D1 happen one after the other, so that an older answer never replaces a newer one. */
  #loads: Promise<unknown> = Promise.resolve();
  #absentUntilMs = 0;

  /**
   * Decide a batch of requests in one transaction: one answer per request, in order.
   *
   * @param settlements  ended inferences whose word came along; they are recorded first
   */
  async admit(batch: readonly AdmissionRequest[], settlements: readonly Settlement[] = []): Promise<Admission[]> {
    const memory = await this.#open();
    if (!memory) return batch.map(() => ({ kind: "unknown-key" }));
    const nowMs = systemClock();
    const admissions = new AdmissionBatch(this.ctx.storage.sql, memory, nowMs);
    const answers = this.ctx.storage.transactionSync(() => {
      this.#settleBeside(memory, settlements);
      const decided = batch.map((request) => admit(admissions, request, nowMs));
      admissions.write();
      return decided;
    });
    memory.bucket = admissions.bucket;
    return answers;
  }

  /** Record how admitted inferences ended. May be repeated: an entry is settled, and counted, once. */
  async settle(batch: readonly Settlement[]): Promise<void> {
    const memory = await this.#open();
    if (memory) this.#settle(memory, batch);
  }

  /** Read what the control plane has just written to D1. When the call returns, the change holds for the next request. */
  async refresh(change: Change): Promise<void> {
    this.#absentUntilMs = 0;
    const memory = await this.#open();
    if (memory) await this.#inTurn(() => this.#load(memory, change));
  }

  /** The ledger's figures, straight from the ledger. */
  async usage(query: UsageQuery): Promise<UsageRow[]> {
    if (!(await this.#open())) return [];
    const { sql } = this.ctx.storage;
    return joinUsage(sumLedger(sql, query), sumRefusals(sql, query));
  }

  /** What a model's versions are doing: inferences that run, by version id. Versions without any are left out. */
  async inFlight(modelId: ModelId): Promise<Map<VersionId, number>> {
    const memory = await this.#open();
    if (!memory) return new Map();
    const sinceMs = systemClock() - runningLeaseMs(memory.policy.runLimitMs);
    return countInFlight(this.ctx.storage.sql, modelId, sinceMs);
  }

  /** What the versions of all models have done, or of one; undefined when the tenant has none of this name. */
  async statistics(model?: string): Promise<VersionReport[] | undefined> {
    const memory = await this.#open();
    const deployments = [...(memory?.deploymentsByName.values() ?? [])];
    const asked = deployments.filter(({ name }) => model === undefined || name === model);
    if (model !== undefined && asked.length === 0) return undefined;
    const versionIds = asked.flatMap(({ versions }) => versions.map(({ versionId }) => versionId));
    const figures = memory ? readFigures(this.ctx.storage.sql, versionIds) : new Map<VersionId, Figure[]>();
    return asked.flatMap(({ name, versions }) =>
      versions.map(({ number, versionId }) => {
        return { model: name, number, versionId, statistics: statisticsOf(figures.get(versionId) ?? []) };
      }),
    );
  }

  #settle(memory: CellMemory, batch: readonly Settlement[]): void {
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      const settled = settleEntries(sql, batch);
      addFigures(sql, figuresOf(settled.filter(({ versionId }) => memory.versionIds.has(versionId))));
    });
  }

  /** What can't be recorded is undone and logged, and keeps nobody from being admitted. */
  #settleBeside(memory: CellMemory, settlements: readonly Settlement[]): void {
    if (settlements.length === 0) return;
    try {
      this.#settle(memory, settlements);
    } catch (error) {
      logFault("Settlements were lost.", { tenantId: this.#tenantId, settlements, error: String(error) });
    }
  }

  get #tenantId(): TenantId {
    const { name } = this.ctx.id;
    if (name === undefined || !isId("ten", name)) throw new Error("A tenant's cell is addressed by the tenant's id.");
    return name;
  }

  async #open(): Promise<CellMemory | undefined> {
    if (this.#memory) return this.#memory;
    return await this.#inTurn(async () => (this.#memory ??= this.#wake() ?? (await this.#firstLoad())));
  }

  /** Read the cell's own database after an eviction. */
  #wake(): CellMemory | undefined {
    const { sql } = this.ctx.storage;
    const state = readHotState(sql);
    return state && withIndexes(state, readBucket(sql));
  }

  /**
   * Load a tenant that this cell has never seen, or saw in another form, and write nothing when there is none: a forged key must not fill a disk.
   * Its absence is remembered for a moment, so that it costs D1 little either.
   */
  async #firstLoad(): Promise<CellMemory | undefined> {
    if (systemClock() < this.#absentUntilMs) return undefined;
    const db = drizzle(this.env.DB);
    const policy = await loadTenantPolicy(this.#tenantId, db);
    if (!policy) {
      this.#absentUntilMs = systemClock() + ABSENCE_MS;
      return undefined;
    }
    const [keys, deployments] = await Promise.all([
      loadKeyGrants(this.#tenantId, db),
      loadDeployments(this.#tenantId, db),
    ]);
    const state: HotState = {
      policy,
      keys: new Map(keys.map((key) => [key.keyId, key])),
      deployments: new Map(deployments.map((deployment) => [deployment.modelId, deployment])),
    };
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      putHotState(sql, this.#tenantId, state);
      sql.exec(LEDGER_SCHEMA);
      sql.exec(STATISTICS_SCHEMA);
    });
    return withIndexes(state, readBucket(sql));
  }

  async #load(memory: CellMemory, change: Change): Promise<void> {
    const db = drizzle(this.env.DB);
    const { sql } = this.ctx.storage;
    switch (change.kind) {
      case "tenant": {
        const policy = await loadTenantPolicy(this.#tenantId, db);
        if (!policy) throw new Error("The tenant has gone from D1.");
        putDocument(sql, "tenant", this.#tenantId, policy);
        memory.policy = policy;
        return;
      }
      case "key": {
        const [key] = await loadKeyGrants(this.#tenantId, db, change.keyId);
        if (!key) throw new Error("The key has gone from D1.");
        putDocument(sql, "key", key.keyId, key);
        memory.keysByHash.set(key.hash, key);
        return;
      }
      case "model":
        await this.#loadDeployment(memory, change.modelId);
    }
  }

  async #loadDeployment(memory: CellMemory, modelId: ModelId): Promise<void> {
    const { sql } = this.ctx.storage;
    const [deployment] = await loadDeployments(this.#tenantId, drizzle(this.env.DB), modelId);
    const held = [...memory.deploymentsByName.values()].find((candidate) => candidate.modelId === modelId);
    const kept = new Set(versionIdsOf(deployment));
    const gone = versionIdsOf(held).filter((versionId) => !kept.has(versionId));
    this.ctx.storage.transactionSync(() => {
      if (deployment) putDocument(sql, "model", modelId, deployment);
      else deleteDocument(sql, "model", modelId);
      deleteFigures(sql, gone);
    });
    if (held) memory.deploymentsByName.delete(held.name);
    if (deployment) memory.deploymentsByName.set(deployment.name, deployment);
    for (const versionId of gone) memory.versionIds.delete(versionId);
    for (const versionId of kept) memory.versionIds.add(versionId);
  }

  async #inTurn<T>(load: () => Promise<T>): Promise<T> {
    const turn = this.#loads.then(load);
    this.#loads = turn.catch(() => undefined);
    return await turn;
  }
}

const ABSENCE_MS = 5_000;

function withIndexes(state: HotState, bucket: TokenBucket | undefined): CellMemory {
  return {
    policy: state.policy,
    keysByHash: new Map([...state.keys.values()].map((key) => [key.hash, key])),
    deploymentsByName: new Map([...state.deployments.values()].map((deployment) => [deployment.name, deployment])),
    versionIds: new Set([...state.deployments.values()].flatMap(versionIdsOf)),
    bucket: bucket ?? fullBucket(state.policy.limit, systemClock()),
  };
}

function versionIdsOf(deployment: Deployment | undefined): VersionId[] {
  return deployment?.versions.map(({ versionId }) => versionId) ?? [];
}
