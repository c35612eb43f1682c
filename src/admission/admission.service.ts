import { systemClock } from "../shared/clock.ts";
import type { TenantId } from "../shared/ids.ts";
import { logFault } from "../shared/log.ts";
import type { Admission, AdmissionRequest } from "./admission.rules.ts";
import type { Ended } from "./claims.rules.ts";
import { type Cells, cellOf } from "./cells.ts";
import { Lanes } from "./group-commit.ts";
import { SettlementBox } from "./settlement-box.ts";

const admissions = new Lanes<AdmissionRequest, Admission>({
  maxBatch: 256,
  maxWaiting: 4096,
  deadlineMs: 5_000,
  lingerMs: 1,
});

/** One box per tenant; empty ones are forgotten, so the map holds no more than what is unsettled. */
const boxes = new Map<TenantId, SettlementBox>();

/** Settlements that one trip takes along at most. */
const MAX_SETTLEMENTS = 256;
/** How long a settlement waits for a trip that goes to the cell anyway, in milliseconds. */
const LINGER_MS = 20;
/** Trips of its own that a settlement is worth. */
const MAX_ATTEMPTS = 3;

/** The part of the execution context that keeps a promise alive beyond the response. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * Ask the tenant's cell, sharing the trip with the tenant's other requests in this isolate, and with its settlements.
 *
 * The trip is kept alive when its caller hangs up: others may be on it.
 *
 * @throws Overloaded when the cell can't keep up
 */
export function requestAdmission(
  tenantId: TenantId,
  cells: Cells,
  waitUntil: WaitUntil,
  request: AdmissionRequest,
): Promise<Admission> {
  const answer = admissions.submit(tenantId, request, (batch) =>
    takeAlong(tenantId, async (settlements) => await cellOf(cells, tenantId).admit(batch, settlements)),
  );
  waitUntil(answer.catch(() => undefined));
  return answer;
}

/**
 * Settle after the response: with the tenant's next admission, or after a moment on a trip of its own.
 *
 * A settlement that is lost leaves its entry `pending`, charged: an answer may have been given. The loss is logged.
 */
export function settleLater(tenantId: TenantId, cells: Cells, waitUntil: WaitUntil, settlement: Ended): void {
  const box = boxes.get(tenantId) ?? new SettlementBox();
  boxes.set(tenantId, box);
  box.drop(settlement);
  waitUntil(seeDelivered(tenantId, cells, box, settlement));
}

async function seeDelivered(tenantId: TenantId, cells: Cells, box: SettlementBox, settlement: Ended): Promise<void> {
  for (let attempt = 1; ;) {
    await scheduler.wait(LINGER_MS);
    if (!box.holds(settlement)) return;
    try {
      const settled = await takeAlong(tenantId, async (batch) => {
        if (batch.length > 0) await cellOf(cells, tenantId).settle(batch);
        return batch.includes(settlement);
      });
      if (settled) return;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) {
        box.delivered([settlement]);
        logFault("A settlement was lost.", { tenantId, settlement, error: String(error) });
        return;
      }
      attempt += 1;
    }
  }
}

/** Go to the tenant's cell with what lies in its box. */
async function takeAlong<T>(tenantId: TenantId, go: (settlements: Ended[]) => Promise<T>): Promise<T> {
  const box = boxes.get(tenantId);
  const settlements = box?.take(MAX_SETTLEMENTS, systemClock()) ?? [];
  try {
    const result = await go(settlements);
    box?.delivered(settlements);
    return result;
  } catch (error) {
    box?.returned(settlements);
    throw error;
  } finally {
    if (box?.isEmpty === true && boxes.get(tenantId) === box) boxes.delete(tenantId);
  }
}
