import type { BackgroundServices } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { logFault } from "../shared/log.ts";
import { readRegistry } from "./fleet.store.ts";
import { type Discrepancy, compareAccounts } from "./reconciliation.rules.ts";
import { readProgress, tenantsToReconcile, upsertDiscrepancy, writeProgress } from "./reconciliation.store.ts";
import { SPAN_MS } from "./rollup.rules.ts";

/** How many whole days back hours are compared one by one; all before are compared as one sum. */
const DAYS = 7;

/** Tenants that one hourly run compares at most: each takes two calls, and a Worker may make 1,000 at a time. */
const TENANTS_A_RUN = 200;

/** What a comparison of some tenants found. */
export interface Reconciliation {
  readonly checked: number;
  readonly discrepancies: readonly TenantDiscrepancy[];
  /** Tenants whose cell or whose rows could not be read. */
  readonly failed: readonly TenantId[];
  /** To be passed as `after` for the tenants that are left; null when none is. */
  readonly next: TenantId | null;
}

export interface TenantDiscrepancy extends Discrepancy {
  readonly tenantId: TenantId;
}

/**
 * Compare cells with what the registry knows of them: so many tenants after one, or the one that is named.
 *
 * Each difference is a fault: it is logged and kept. Hours that never arrived are told again; what is different otherwise is left for
 * a person to look at. A tenant that can't be compared keeps no other back.
 */
export async function reconcile(
  services: BackgroundServices,
  asked: { readonly tenantId: TenantId | undefined; readonly limit: number; readonly after: string | undefined },
): Promise<Reconciliation> {
  const found = await tenantsToReconcile(services.db, asked);
  const tenantIds = found.slice(0, asked.limit);
  const discrepancies: TenantDiscrepancy[] = [];
  const failed: TenantId[] = [];
  for (const tenantId of tenantIds) {
    try {
      for (const one of await reconcileTenant(tenantId, services)) discrepancies.push({ ...one, tenantId });
    } catch (error) {
      logFault("A tenant's usage could not be reconciled.", { tenantId, error: String(error) });
      failed.push(tenantId);
    }
  }
  const next = found.length > asked.limit ? (tenantIds.at(-1) ?? null) : null;
  return { checked: tenantIds.length, discrepancies, failed, next };
}

/** The hourly run: the next tenants in turn, and from the beginning after the last. */
export async function reconcileInTurn(services: BackgroundServices): Promise<void> {
  const after = await readProgress(services.db);
  const { next } = await reconcile(services, { tenantId: undefined, limit: TENANTS_A_RUN, after });
  await writeProgress(services.db, next);
}

async function reconcileTenant(tenantId: TenantId, services: BackgroundServices): Promise<Discrepancy[]> {
  const nowMs = services.now();
  const sinceMs = Math.floor(nowMs / SPAN_MS.day) * SPAN_MS.day - DAYS * SPAN_MS.day;
  const cell = services.cell(tenantId);
  // In this order: what D1 has can't be newer than what the cell says after it.
  const registry = await readRegistry(tenantId, services.db, sinceMs);
  const account = await cell.accountSince(sinceMs);
  if (!account) throw new Error("The cell does not know its tenant.");
  const discrepancies = compareAccounts(account, registry, nowMs);
  for (const discrepancy of discrepancies) {
    logFault("The registry's usage differs from the cell's.", { tenantId, ...discrepancy });
    await upsertDiscrepancy(tenantId, services.db, discrepancy, nowMs);
  }
  const missing = discrepancies.filter(({ kind }) => kind === "missing").map(({ hourMs }) => hourMs);
  if (missing.length > 0) await cell.tellAgain(missing);
  return discrepancies;
}
