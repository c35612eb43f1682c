import { DurableObject } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { type Admission, type AdmissionRequest, admit } from "../src/admission/admission.rules.ts";
import type { Conclusion, Ended } from "../src/admission/claims.rules.ts";
import { keepAnswer, releaseClaim } from "../src/admission/claims.store.ts";
import { addCreditGrant, raiseEpoch, readCredit } from "../src/admission/cell-state.store.ts";
import { type Credential, type EpochKind, identify } from "../src/admission/credentials.rules.ts";
import { type KeyId, type ModelId, type TenantId, type VersionId, isId } from "../src/shared/ids.ts";
import { systemClock } from "../src/shared/clock.ts";
import type { Alert } from "../src/usage/alerts.rules.ts";
import { readAlerts } from "../src/usage/alerts.store.ts";
import type { CurrentUsage } from "../src/usage/current.rules.ts";
import { keepHead } from "../src/usage/ledger.store.ts";
import type { VersionReport } from "../src/usage/statistics.rules.ts";
import type { CellAccount } from "../src/usage/reconciliation.rules.ts";
import { type EntryParts, type LedgerPart, type PartRequest, readEntryParts, readPart } from "./cell-archive.ts";
import type { UsageAnswer, UsageQuery } from "../src/usage/usage.rules.ts";
import { nextChoreMs, runChores } from "./cell-chores.ts";
import { accountSince, tellAgain } from "./cell-publishing.ts";
import { currentUsage } from "./cell-current.ts";
import { type Change, applyChange, establish, loadTenant } from "./cell-loading.ts";
import { CellFeed } from "./cell-feed.ts";
import { CellMemory } from "./cell-memory.ts";
import { reportVersions, runningOf } from "./cell-statistics.ts";
import { CellTransaction } from "./cell-transaction.ts";
import { answerUsage } from "./cell-usage.ts";

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
  /** When the alarm is set for; undefined when it is not set, or when that is not known. */
  #alarmMs: number | undefined;
  readonly #feed = new CellFeed(this.ctx, async () => await this.#open());

  /**
   * Decide a batch of requests in one transaction: one answer per request, in order.
   *
   * @param ended  inferences that ended and whose word came along; they are recorded first
   */
  async admit(batch: readonly AdmissionRequest[], ended: readonly Ended[] = []): Promise<Admission[]> {
    const memory = await this.#open();
    if (!memory) return batch.map(() => ({ kind: "unknown-key" }));
    const nowMs = systemClock();
    return this.#transact(memory, nowMs, (transaction) => {
      for (const end of ended) transaction.settle(end);
      return batch.map((request) => admit(transaction, request, nowMs));
    });
  }

  /** Record how admitted inferences ended. May be repeated: an entry is settled, and counted, once. */
  async settle(batch: readonly Ended[]): Promise<void> {
    const memory = await this.#open();
    if (!memory) return;
    this.#transact(memory, systemClock(), (transaction) => {
      for (const end of batch) transaction.settle(end);
    });
  }

  /** Keep what a request with an idempotency key was answered, or give the key back. May be repeated. */
  async conclude({ claimId, entryId, answer }: Conclusion): Promise<void> {
    if (!(await this.#open())) return;
    const { sql } = this.ctx.storage;
    if (answer) keepAnswer(sql, claimId, entryId, answer);
    else releaseClaim(sql, claimId, entryId);
  }

  /** Read what the control plane has just written to D1. When the call returns, the change holds for the next request. */
  async refresh(change: Change): Promise<void> {
    this.#absentUntilMs = 0;
    const memory = await this.#open();
    if (!memory) return;
    const cell = { storage: this.ctx.storage, memory };
    try {
      await this.#inTurn(() => applyChange(this.#tenantId, drizzle(this.env.DB), cell, change));
    } catch (error) {
      this.#forget(memory);
      throw error;
    }
    this.#feed.recheck(memory);
    if (change.kind !== "tenant") return;
    this.#alarmMs = undefined; // another plan's rows leave at other times
    this.#setAlarm(memory);
  }

  /** Void the credentials of a subject that were issued before a moment. When the call returns, they are refused. */
  async refuseBefore(kind: EpochKind, ids: string | readonly string[], notBeforeMs: number): Promise<void> {
    const memory = await this.#open();
    if (!memory) return;
    const { sql } = this.ctx.storage;
    for (const id of typeof ids === "string" ? [ids] : ids) {
      memory.epochs.set(`${kind} ${id}`, raiseEpoch(sql, { kind, id, notBeforeMs }, systemClock()));
    }
    this.#setAlarm(memory);
    this.#feed.recheck(memory);
  }

  /** Whether a token or key is void, or of a tenant that there is not: for who was shown one and asks. Counts against no limit. */
  async isVoid(credential: Credential): Promise<boolean> {
    const memory = await this.#open();
    return !memory || "kind" in identify(memory, credential, systemClock());
  }

  /**
   * Grant credit that the tenant may spend. May be repeated: a grant's id counts once.
   *
   * @param amountMicroUsd  integer > 0
   * @returns everything granted so far, in micro-dollars
   */
  async grantCredit(grantId: string, amountMicroUsd: number): Promise<number> {
    const memory = await this.#open();
    if (!memory) return 0;
    const { sql } = this.ctx.storage;
    this.#transact(memory, systemClock(), (transaction) => {
      if (!addCreditGrant(sql, grantId, amountMicroUsd)) return;
      memory.putCredit(readCredit(sql));
      transaction.recordCredit(grantId, amountMicroUsd);
    });
    return memory.creditMicroUsd;
  }

  /** The ledger's figures, by interval and group. */
  async usage(query: UsageQuery): Promise<UsageAnswer> {
    if (!(await this.#open())) return { kind: "usage", ...query, rows: [] };
    return answerUsage(this.ctx.storage.sql, query, systemClock());
  }

  /** What the registry should know of the usage by now; undefined for a tenant that there is not. */
  async accountSince(dayMs: number): Promise<CellAccount | undefined> {
    return (await this.#open()) && (await accountSince(this.ctx.storage.sql, dayMs));
  }

  /** Tell the registry hours that it has missed. May be repeated. */
  async tellAgain(hoursMs: readonly number[]): Promise<void> {
    const memory = await this.#open();
    if (memory) await tellAgain({ ...this.#choreContext(memory), nowMs: systemClock() }, hoursMs);
  }

  /** Rows of the ledger, or the archive that has them; undefined for a tenant that isn't there. */
  async ledgerPart(request: PartRequest): Promise<LedgerPart | undefined> {
    const memory = await this.#open();
    return memory && readPart(this.ctx.storage.sql, memory.head, request);
  }

  /** The ledger's rows of one entry, and the archives that may have more of them. */
  async ledgerEntry(entryId: string): Promise<EntryParts> {
    return (await this.#open()) ? readEntryParts(this.ctx.storage.sql, entryId) : { rows: [], archives: [] };
  }

  /** Every limit that holds for the tenant, and what is left of it now. */
  async current(): Promise<CurrentUsage | undefined> {
    const memory = await this.#open();
    if (!memory) return undefined;
    const nowMs = systemClock();
    return this.#transact(memory, nowMs, () => currentUsage(this.ctx.storage.sql, memory, nowMs));
  }

  /** Which shares of quotas were reached, the latest first: those before this one, so many at most. */
  async alerts(beforeId: string | undefined, most: number): Promise<Alert[]> {
    return (await this.#open()) ? readAlerts(this.ctx.storage.sql, beforeId, most) : [];
  }

  /** When these keys were used last, ms since 1970; those that never were are left out. See {@link KeyUses}. */
  async lastUses(keyIds: readonly KeyId[]): Promise<Map<KeyId, number>> {
    const memory = await this.#open();
    return memory ? memory.uses.lastOf(keyIds) : new Map();
  }

  /** What a model's versions are doing: inferences that run, by version id. Versions without any are left out. */
  async inFlight(modelId: ModelId): Promise<Map<VersionId, number>> {
    const memory = await this.#open();
    return memory ? runningOf(memory, modelId, systemClock()) : new Map();
  }

  /** What the versions of all models have done, or of one; undefined when the tenant has none of this name. */
  async statistics(model?: string): Promise<VersionReport[] | undefined> {
    const memory = await this.#open();
    if (!memory) return model === undefined ? [] : undefined;
    return reportVersions(this.ctx.storage.sql, memory, model);
  }

  /** The live feed, for a listener whom the Worker names: the one thing that a call can't return. */
  override async fetch(request: Request): Promise<Response> {
    return this.#feed.accept(request, await this.#open());
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#feed.heed(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#feed.leave(socket);
  }
  override webSocketError(socket: WebSocket): void {
    this.#feed.leave(socket);
  }

  /** What time alone brings about. */
  override async alarm(): Promise<void> {
    const memory = await this.#open();
    if (!memory) return;
    const nowMs = systemClock();
    this.#alarmMs = nowMs; // what is due is being done: no call sets an alarm for it meanwhile
    let notBeforeMs = 0;
    try {
      this.#transact(memory, nowMs, () => undefined);
      keepHead(this.ctx.storage.sql, memory.head);
      const allDone = await runChores({ ...this.#choreContext(memory), nowMs });
      if (!allDone) notBeforeMs = nowMs + CHORE_RETRY_MS;
    } finally {
      this.#alarmMs = undefined;
      this.#setAlarm(memory, notBeforeMs);
    }
  }

  /** Memory that may differ from SQLite is read anew. */
  #forget(memory: CellMemory): void {
    if (this.#memory === memory) this.#memory = undefined;
  }

  /** One transaction; what failed to be written is forgotten by memory too. Leases that are over end with each. */
  #transact<T>(memory: CellMemory, nowMs: number, decide: (transaction: CellTransaction) => T): T {
    const told = this.#feed.collect();
    try {
      const result = this.ctx.storage.transactionSync(() => {
        const transaction = new CellTransaction(this.ctx.storage.sql, memory, nowMs, told);
        transaction.sweep();
        const decided = decide(transaction);
        transaction.write();
        return decided;
      });
      if (told) this.#feed.publish(told, nowMs);
      return result;
    } catch (error) {
      this.#forget(memory);
      throw error;
    } finally {
      this.#setAlarm(memory);
    }
  }

  /**
   * Set the alarm for what is due next.
   *
   * While it is set for the coming minute, only a lease can fall due before it: whatever else a call leaves to be done may wait.
   */
  #setAlarm(memory: CellMemory, notBeforeMs = 0): void {
    const soonestMs = Math.min(memory.open.oldest?.leaseEndsAtMs ?? Infinity, systemClock() + SOONEST_CHORE_MS);
    if (this.#alarmMs !== undefined && this.#alarmMs <= soonestMs) return;
    const dueMs = nextChoreMs(this.#choreContext(memory));
    if (dueMs === undefined) return;
    const alarmMs = Math.max(dueMs, notBeforeMs);
    if (alarmMs === this.#alarmMs) return; // a row written
    this.#alarmMs = alarmMs;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(this.#alarmMs));
  }

  #choreContext(memory: CellMemory) {
    const { storage } = this.ctx;
    return { tenantId: this.#tenantId, storage, sql: storage.sql, memory, env: this.env };
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
    return CellMemory.read(this.ctx.storage.sql, this.#tenantId);
  }

  /**
   * Load a tenant that this cell has never seen, or saw in another form, and write nothing when there is none: a forged key must
   * not fill a disk. Its absence is remembered for a moment, so that it costs D1 little either.
   */
  async #firstLoad(): Promise<CellMemory | undefined> {
    if (systemClock() < this.#absentUntilMs) return undefined;
    const documents = await loadTenant(this.#tenantId, drizzle(this.env.DB));
    if (!documents) {
      this.#absentUntilMs = systemClock() + ABSENCE_MS;
      return undefined;
    }
    establish(this.ctx.storage, documents);
    return this.#wake();
  }

  async #inTurn<T>(load: () => Promise<T>): Promise<T> {
    const turn = this.#loads.then(load);
    this.#loads = turn.catch(() => undefined);
    return await turn;
  }
}

/** When chores that failed are tried again, in milliseconds. */
const CHORE_RETRY_MS = 60_000;
const ABSENCE_MS = 5_000;
/** What a call leaves to be done, its lease aside, may wait so long. */
const SOONEST_CHORE_MS = 60_000;
