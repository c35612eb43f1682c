import { forgetTokenEpochs, oldestTokenEpochMs } from "../src/admission/cell-state.store.ts";
import { deleteExpired, expiredClaims, nextExpiryMs } from "../src/admission/claims.store.ts";
import type { TenantId } from "../src/shared/ids.ts";
import { logFault } from "../src/shared/log.ts";
import { archivableUntilMs, archiveOldest, nextArchiveMs } from "./cell-archive.ts";
import { alertsExpireMs, forgetAlerts } from "./cell-alerts.ts";
import type { CellMemory } from "./cell-memory.ts";
import { publishHours } from "./cell-publishing.ts";
import { compactUsage, compactionDueMs } from "./cell-usage.ts";

/** What a chore has at hand. */
export interface ChoreContext {
  readonly tenantId: TenantId;
  readonly storage: DurableObjectStorage;
  readonly sql: SqlStorage;
  readonly memory: CellMemory;
  readonly env: Env;
  readonly nowMs: number;
}

/** Something that time alone brings about in a cell. */
export interface Chore {
  /** When it is to be done next, ms since 1970; undefined when there is nothing to wait for: an idle cell costs nothing. */
  readonly dueMs: (context: Omit<ChoreContext, "nowMs">) => number | undefined;
  /** Do what is due, and no more than keeps nobody waiting; it is asked again when more is left. May be repeated. */
  readonly run: (context: ChoreContext) => Promise<void> | void;
}

/** Far longer than any access token holds. */
const TOKEN_EPOCH_MS = 3_600_000;

/** Claims that one alarm removes at most. */
const CLAIMS_AT_ONCE = 500;

/** Leases end: the transaction that every alarm begins with sweeps them. */
const endLeases: Chore = {
  dueMs: ({ memory }) => memory.open.oldest?.leaseEndsAtMs,
  run: () => undefined,
};

/** Idempotency keys expire, with the answers that R2 keeps of them. */
const expireClaims: Chore = {
  dueMs: ({ sql }) => nextExpiryMs(sql),
  run: async ({ sql, env, nowMs }) => {
    const expired = expiredClaims(sql, nowMs, CLAIMS_AT_ONCE);
    const objectKeys = expired.flatMap(({ objectKey }) => objectKey ?? []);
    if (objectKeys.length > 0) await env.MODELS.delete(objectKeys);
    const ids = expired.map(({ id }) => id);
    deleteExpired(sql, ids, nowMs);
  },
};

/** The ledger's rows leave the cell once the tenant's plan no longer keeps them there. */
const archiveLedger: Chore = {
  dueMs: ({ sql, memory }) => nextArchiveMs(sql, memory.tenant.ledgerRetentionMs),
  run: async ({ tenantId, storage, env, memory, nowMs }) => {
    const untilMs = archivableUntilMs(storage.sql, memory.tenant.ledgerRetentionMs, nowMs);
    await archiveOldest(tenantId, storage, env.MODELS, untilMs);
  },
};

/** Usage gets older, and is kept in less detail then. */
const keepLessDetail: Chore = {
  dueMs: ({ sql }) => compactionDueMs(sql),
  run: ({ storage, nowMs }) => {
    compactUsage(storage, nowMs);
  },
};

/** Nobody asks for alerts of years ago. */
const forgetOldAlerts: Chore = {
  dueMs: ({ sql }) => alertsExpireMs(sql),
  run: ({ sql, nowMs }) => {
    forgetAlerts(sql, nowMs);
  },
};

/** Who logs out voids tokens of five minutes; what says so need not be kept for good. */
const forgetEpochs: Chore = {
  dueMs: ({ sql }) => {
    const raisedAtMs = oldestTokenEpochMs(sql);
    return raisedAtMs === undefined ? undefined : raisedAtMs + TOKEN_EPOCH_MS;
  },
  run: ({ sql, memory, nowMs }) => {
    for (const subject of forgetTokenEpochs(sql, nowMs - TOKEN_EPOCH_MS)) memory.epochs.delete(subject);
  },
};

const CHORES: readonly Chore[] = [
  endLeases,
  expireClaims,
  publishHours,
  archiveLedger,
  keepLessDetail,
  forgetOldAlerts,
  forgetEpochs,
];

/** When the first chore is due; undefined when none is. */
export function nextChoreMs(context: Omit<ChoreContext, "nowMs">): number | undefined {
  const due = CHORES.map((chore) => chore.dueMs(context)).filter((ms) => ms !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Do all chores that are due. One that fails is logged and keeps none of the others. @returns whether all were done */
export async function runChores(context: ChoreContext): Promise<boolean> {
  let allDone = true;
  for (const chore of CHORES) {
    const dueMs = chore.dueMs(context);
    if (dueMs === undefined || dueMs > context.nowMs) continue;
    try {
      await chore.run(context);
    } catch (error) {
      allDone = false;
      logFault("A chore of the cell failed; it is tried again.", { tenantId: context.tenantId, error: String(error) });
    }
  }
  return allDone;
}
