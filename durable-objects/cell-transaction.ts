import type { AdmissionState, Charge, Refusal, TenantPolicy } from "../src/admission/admission.rules.ts";
import {
  CLAIM_LEASE_MS,
  CLAIM_TTL_MS,
  type Claim,
  type Ended,
  type Idempotency,
  claimId,
} from "../src/admission/claims.rules.ts";
import { endClaim, findClaim, keepAnswer, releaseClaim, writeClaim } from "../src/admission/claims.store.ts";
import type { Caller, EpochKind, KeyGrant } from "../src/admission/credentials.rules.ts";
import type { Deployment } from "../src/admission/deployments.rules.ts";
import { type Meter, settleHold } from "../src/admission/meters.rules.ts";
import type { Limits } from "../src/admission/policies.rules.ts";
import { writeKeyUses } from "../src/admission/key-uses.store.ts";
import { writeMeters } from "../src/admission/meters.store.ts";
import { type EntryId, type KeyId, newId } from "../src/shared/ids.ts";
import { logFault } from "../src/shared/log.ts";
import type { LedgerEntry } from "../src/usage/chain.rules.ts";
import {
  type Charged,
  type Delta,
  NO_FIGURES,
  type Outcome,
  type Settlement,
  chargeOf,
  chargedUnits,
  runningLeaseMs,
  settlementOf,
} from "../src/usage/ledger.rules.ts";
import type { FeedEvent } from "../src/usage/feed.rules.ts";
import { LedgerTail } from "../src/usage/ledger.store.ts";
import { type OpenEntry, deleteOpenEntries, writeOpenEntries } from "../src/usage/open-entries.store.ts";
import { type RefusedRow, addRefused, addUsage } from "../src/usage/rollup.store.ts";
import { RollupChanges, startOf } from "../src/usage/rollup.rules.ts";
import { type SettledEntry, figuresOf } from "../src/usage/statistics.rules.ts";
import { addFigures } from "../src/usage/statistics.store.ts";
import { raiseAlerts, withMoreCredit } from "./cell-alerts.ts";
import type { CellMemory } from "./cell-memory.ts";

/**
 * Everything that one batch does to a cell, decided in memory and written in one go by {@link write}, in one transaction.
 *
 * Should anything throw, SQLite rolls back, and the cell must drop its memory.
 */
export class CellTransaction implements AdmissionState {
  readonly #sql: SqlStorage;
  readonly #memory: CellMemory;
  readonly #nowMs: number;
  readonly #ledger: LedgerTail;
  readonly #usage = new RollupChanges();
  readonly #meters = new Map<string, Meter>();
  readonly #opened = new Map<EntryId, OpenEntry>();
  readonly #closed: EntryId[] = [];
  readonly #settled: SettledEntry[] = [];
  readonly #refused = new Map<string, RefusedRow>();
  /** Keys whose last use is to be written. */
  readonly #used = new Set<KeyId>();
  readonly #told: FeedEvent[] | undefined;

  /** @param told  where to note what happens, for those who listen; undefined where nobody does */
  constructor(sql: SqlStorage, memory: CellMemory, nowMs: number, told?: FeedEvent[]) {
    this.#sql = sql;
    this.#memory = memory;
    this.#nowMs = nowMs;
    this.#told = told;
    this.#ledger = new LedgerTail(memory.head);
  }

  get tenant(): TenantPolicy {
    return this.#memory.tenant;
  }

  keyByHash(hash: string): KeyGrant | undefined {
    return this.#memory.keyByHash(hash);
  }

  notBeforeMs(kind: EpochKind, id: string): number | undefined {
    return this.#memory.notBeforeMs(kind, id);
  }

  limitsOf(caller: Caller): Limits {
    return this.#memory.limitsOf(caller);
  }

  deploymentByName(name: string): Deployment | undefined {
    return this.#memory.deploymentsByName.get(name);
  }

  meterOf(id: string): Meter | undefined {
    return this.#memory.meterOf(id);
  }

  inFlight(subjectId: string): number {
    return this.#memory.inFlight(subjectId);
  }

  setMeters(meters: ReadonlyMap<string, Meter>): void {
    for (const [id, meter] of meters) this.#setMeter(id, meter);
  }

  claimOf(idempotency: Idempotency): Claim | undefined {
    return findClaim(this.#sql, claimId(idempotency));
  }

  claim(idempotency: Idempotency, charged?: Pick<Claim, "entryId" | "versionId" | "holderId">): EntryId {
    // A new id for each holder, where nothing binds it to an entry: one that was given up can't end its successor's claim.
    const run = charged ?? { entryId: newId("ent", this.#nowMs), versionId: undefined };
    const leaseMs = charged ? runningLeaseMs(this.tenant.runLimitMs) : (idempotency.leaseMs ?? CLAIM_LEASE_MS);
    this.#writeClaim(idempotency, run, leaseMs);
    return run.entryId;
  }

  charge({ charged: what, holds, runLimitMs, idempotency }: Charge): string {
    const atMs = this.#nowMs;
    const charged = { ...what, atMs };
    const { entryId } = charged;
    const leaseMs = runningLeaseMs(this.tenant.runLimitMs); // not the run's own: entries end in their order
    const { versionId } = charged;
    if (idempotency) this.#writeClaim(idempotency, { entryId, versionId, holderId: entryId }, leaseMs);
    const charge = chargeOf(charged.rates);
    const receipt = this.#append("charge", charged, "pending", charge);
    this.#usage.charge(charged, charge);
    this.#told?.push({ kind: "admitted", charged, delta: charge });
    const open = {
      charged,
      holds,
      runLimitMs,
      leaseEndsAtMs: atMs + leaseMs,
      receipt,
      claimId: idempotency && claimId(idempotency),
    };
    this.#opened.set(entryId, open);
    this.#memory.open.add(open);
    return receipt;
  }

  openEntry(entryId: EntryId) {
    const open = this.#memory.open.get(entryId);
    return open && { versionId: open.charged.versionId, runLimitMs: open.runLimitMs, receipt: open.receipt };
  }

  noteUse(keyId: KeyId): void {
    if (this.#memory.uses.note(keyId, this.#nowMs)) this.#used.add(keyId);
  }

  countRefusal(callerId: string, model: string, reason: Refusal["kind"]): void {
    const startMs = startOf("minute", this.#nowMs);
    const id = `${reason} ${callerId} ${model}`;
    const count = (this.#refused.get(id)?.count ?? 0) + 1;
    this.#refused.set(id, { startMs, keyId: callerId, model, reason, count });
    this.#told?.push({ kind: "refused", keyId: callerId, modelId: this.deploymentByName(model)?.modelId, reason });
  }

  /**
   * Record how an inference ended. An entry is settled once: repeating a settlement changes nothing.
   *
   * One that was not charged gives its idempotency key back, so that the caller may try again with it.
   */
  settle(ended: Ended): void {
    if (!isRecordable(ended)) {
      logFault("A settlement can't be recorded.", { settlement: ended });
      return;
    }
    const { entryId, claimId: claim, answer, outcome } = ended;
    const open = this.#memory.open.get(entryId);
    if (open) this.#close(open, ended);
    if (answer && claim !== undefined) keepAnswer(this.#sql, claim, entryId, answer);
    else this.#endClaim(open?.claimId ?? claim, entryId, open !== undefined && chargedUnits(outcome) === 0);
  }

  /** Its request has ended without an answer to keep: the key is free again, or its next use runs again at no charge. */
  #endClaim(id: string | undefined, entryId: EntryId, isFree: boolean): void {
    if (id === undefined) return;
    if (isFree) releaseClaim(this.#sql, id, entryId);
    else endClaim(this.#sql, id, entryId);
  }

  /** Record credit that was granted: it is owed to the tenant, so its cost is negative. */
  recordCredit(grantId: string, amountMicroUsd: number): void {
    for (const [id, meter] of withMoreCredit(this.#memory)) this.#setMeter(id, meter);
    this.#ledger.append({
      kind: "credit",
      entryId: grantId,
      atMs: this.#nowMs,
      keyId: null,
      modelId: null,
      model: null,
      versionId: null,
      version: null,
      runtime: null,
      units: 0,
      rateMicroUsd: 0,
      costMicroUsd: -amountMicroUsd,
      outcome: "ok",
      computeMs: 0,
      bytesIn: 0,
      bytesOut: 0,
      idempotencyKey: null,
    });
  }

  /** Mark those as unsettled of whom nobody has said in time how they ended; what they held is free again. */
  sweep(): void {
    for (const open of this.#memory.open.all) {
      if (open.leaseEndsAtMs > this.#nowMs) return;
      const { entryId } = open.charged;
      this.#close(open, { ...NO_FIGURES, entryId, outcome: "unsettled", reason: undefined });
      this.#endClaim(open.claimId, entryId, false);
    }
  }

  /** Write everything that was decided. Called once, at the end of the batch's transaction. */
  write(): void {
    this.#ledger.write(this.#sql);
    this.#memory.head = this.#ledger.head;
    addUsage(this.#sql, this.#usage.rows);
    const raised = raiseAlerts(this.#sql, this.#memory, this.#meters, this.#nowMs);
    for (const [id, meter] of raised) this.#setMeter(id, meter);
    writeMeters(this.#sql, this.#meters);
    writeOpenEntries(this.#sql, [...this.#opened.values()]);
    deleteOpenEntries(this.#sql, this.#closed);
    addFigures(this.#sql, this.#memory.figures, figuresOf(this.#settled));
    addRefused(this.#sql, this.#refused.values());
    writeKeyUses(this.#sql, this.#used, this.#nowMs);
  }

  #setMeter(id: string, meter: Meter): void {
    this.#meters.set(id, meter);
    this.#memory.meters.set(id, meter);
  }

  #close(open: OpenEntry, settlement: Settlement): void {
    const { charged, runLimitMs } = open;
    const { outcome } = settlement;
    const delta = settlementOf(charged, settlement, runLimitMs);
    this.#append("settlement", charged, outcome, delta);
    this.#usage.settle(charged, outcome, chargeOf(charged.rates), delta);
    this.#told?.push({ kind: "settled", charged, delta, settlement });
    this.#giveBack(open, outcome, delta);
    this.#memory.open.remove(open);
    if (!this.#opened.delete(charged.entryId)) this.#closed.push(charged.entryId);
    if (outcome !== "unsettled" && this.#memory.versionIds.has(charged.versionId)) {
      this.#settled.push({ versionId: charged.versionId, atMs: charged.atMs, settlement });
    }
  }

  #giveBack({ charged, holds }: OpenEntry, outcome: Outcome, delta: Delta): void {
    const isOurFault = outcome === "failed";
    const taken = {
      requests: isOurFault ? 0 : 1,
      inferences: chargedUnits(outcome),
      compute_ms: isOurFault ? 0 : delta.computeMs,
      bytes_in: isOurFault ? 0 : delta.bytesIn,
      bytes_out: isOurFault ? 0 : delta.bytesOut,
      micro_usd: charged.rates.inferenceMicroUsd + delta.costMicroUsd,
    };
    for (const hold of holds) {
      const meter = settleHold(this.meterOf(hold.meterId), hold, taken[hold.unit]);
      if (meter) this.#setMeter(hold.meterId, meter);
    }
  }

  #append(kind: LedgerEntry["kind"], charged: Charged, outcome: Outcome, delta: Delta): string {
    const { rates, ...who } = charged;
    const rateMicroUsd = kind === "charge" ? rates.inferenceMicroUsd : rates.computeSecondMicroUsd;
    return this.#ledger.append({ ...who, ...delta, kind, outcome, rateMicroUsd, atMs: this.#nowMs });
  }

  #writeClaim(
    idempotency: Idempotency,
    { entryId, versionId, holderId }: Pick<Claim, "entryId" | "versionId" | "holderId">,
    leaseMs: number,
  ): void {
    const startedAtMs = this.#nowMs;
    writeClaim(this.#sql, claimId(idempotency), {
      entryId,
      versionId,
      holderId,
      fingerprint: idempotency.fingerprint,
      startedAtMs,
      leaseEndsAtMs: startedAtMs + leaseMs,
      expiresAtMs: startedAtMs + CLAIM_TTL_MS,
      state: "running",
      answer: undefined,
    });
  }
}

/** Whether all figures are what the ledger takes: integers ≥ 0. */
function isRecordable({ computeMs, queueMicros, computeMicros, bytesIn, bytesOut }: Settlement): boolean {
  const figures = [computeMs, queueMicros, computeMicros, bytesIn, bytesOut];
  return figures.every((figure) => Number.isSafeInteger(figure) && figure >= 0);
}
