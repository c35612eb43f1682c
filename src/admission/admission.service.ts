import { systemClock } from "../shared/clock.ts";
import { type TenantId, jurisdictionOf } from "../shared/ids.ts";
import { logFault } from "../shared/log.ts";
import type { Admission, AdmissionRequest } from "./admission.rules.ts";
import type { Ended } from "./claims.rules.ts";
import { type Cells, cellOf, offersJurisdiction } from "./cells.ts";
import { Lanes, Overloaded, before } from "./group-commit.ts";
import { SettlementBox } from "./settlement-box.ts";

/** One box per tenant; empty ones are forgotten, so the map holds no more than what is unsettled. */
const boxes = new Map<TenantId, SettlementBox>();

/** Settlements that one trip takes along at most. */
const MAX_SETTLEMENTS = 256;
/** How long a settlement waits for a trip that goes to the cell anyway, in milliseconds. */
const LINGER_MS = 20;
/** How long a settlement waits after each trip of its own that failed, in milliseconds: a cell that moves is away for a moment. */
const RETRY_PAUSES_MS: readonly number[] = [100, 500, 2_500];
/** How long one trip may take, in milliseconds. */
const DEADLINE_MS = 5_000;

const admissions = new Lanes<AdmissionRequest, Admission>({
  maxBatch: 256,
  maxWaiting: 4096,
  deadlineMs: DEADLINE_MS,
  lingerMs: 1,
});

/** The part of the execution context that keeps a promise alive beyond the response. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * Ask the tenant's cell, sharing the trip with the tenant's other requests in this isolate, and with its settlements.
 *
 * The trip is kept alive when its caller hangs up: others may be on it. Where the platform lacks the jurisdiction that a key names,
 * there is no such tenant.
 *
 * @throws Overloaded when the cell can't keep up
 */
export function requestAdmission(
  tenantId: TenantId,
  cells: Cells,
  waitUntil: WaitUntil,
  request: AdmissionRequest,
): Promise<Admission> {
  const jurisdiction = jurisdictionOf(tenantId);
  if (jurisdiction && !offersJurisdiction(cells, jurisdiction)) return Promise.resolve({ kind: "unknown-key" });
  const answer = admissions.submit(tenantId, request, (batch) => askCell(tenantId, cells, batch));
  waitUntil(answer.catch(() => undefined));
  return answer;
}

/** How long a cell that broke off is given to come back, in milliseconds. */
const RESTART_MS = 50;

/**
 * One trip to the cell, and a second one where the cell broke off in the middle, as when it restarts.
 *
 * Only inferences go twice: each names the ledger entry that it is charged to, so that the cell charges it once. The cell's own
 * faults are not repeated, nor is anything asked of a cell that says it has too much to do.
 *
 * @see https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
async function askCell(
  tenantId: TenantId,
  cells: Cells,
  batch: readonly AdmissionRequest[],
): Promise<(Admission | Overloaded)[]> {
  const ask = async (requests: readonly AdmissionRequest[]) =>
    await takeAlong(tenantId, async (ended) => await cellOf(cells, tenantId).admit(requests, ended));
  try {
    return await ask(batch);
  } catch (error) {
    const fault = interruptionOf(error);
    if (!fault) throw error;
    const lost = new Overloaded("The tenant's cell is not there for the moment.", { mayHaveArrived: true });
    const again = fault.overloaded ? [] : batch.filter(({ kind }) => kind === "infer");
    if (again.length === 0) throw lost;
    await scheduler.wait(RESTART_MS);
    const answers = await ask(again).catch((second: unknown) => {
      throw interruptionOf(second) ? lost : second;
    });
    return batch.map((request) => answers[again.indexOf(request)] ?? lost);
  }
}

/** What the platform says of a call that did not come to its end; undefined where the cell itself failed. */
function interruptionOf(error: unknown): { overloaded: boolean } | undefined {
  if (!(error instanceof Error)) return undefined;
  const overloaded = "overloaded" in error && error.overloaded === true;
  const isTransient = ["retryable", "durableObjectReset"].some((mark) => Reflect.get(error, mark) === true);
  return isTransient || overloaded ? { overloaded } : undefined;
}

/**
 * Settle after the response: with the tenant's next admission, or after a moment on a trip of its own.
 *
 * The first that comes to lie in a box sees to all that come within that moment: one timer for many. A settlement that is lost
 * leaves its entry `pending`, charged: an answer may have been given. The loss is logged.
 */
export function settleLater(tenantId: TenantId, cells: Cells, waitUntil: WaitUntil, settlement: Ended): void {
  const box = boxes.get(tenantId) ?? new SettlementBox();
  boxes.set(tenantId, box);
  box.drop(settlement);
  if (box.watch(systemClock(), LINGER_MS)) waitUntil(seeDelivered(tenantId, cells, box));
}

/** Settle in a trip of its own. @throws Overloaded when the cell does not answer in time */
export async function settleNow(tenantId: TenantId, cells: Cells, batch: readonly Ended[]): Promise<void> {
  await before(DEADLINE_MS, cellOf(cells, tenantId).settle(batch));
}

async function seeDelivered(tenantId: TenantId, cells: Cells, box: SettlementBox): Promise<void> {
  await scheduler.wait(LINGER_MS);
  const mine = box.endWatch();
  for (let failures = 0; mine.some((settlement) => box.holds(settlement));) {
    try {
      const taken = await takeAlong(tenantId, async (batch) => {
        if (batch.length > 0) await settleNow(tenantId, cells, batch);
        return batch.length;
      });
      if (taken === 0) await scheduler.wait(LINGER_MS); // another trip carries them
    } catch (error) {
      const pauseMs = RETRY_PAUSES_MS[failures];
      if (pauseMs === undefined) {
        giveUp(tenantId, box, mine, error);
        return;
      }
      failures += 1;
      await scheduler.wait(pauseMs);
    }
  }
}

function giveUp(tenantId: TenantId, box: SettlementBox, settlements: readonly Ended[], error: unknown): void {
  const lost = settlements.filter((settlement) => box.holds(settlement));
  box.delivered(lost);
  logFault("Settlements were lost.", { tenantId, settlements: lost, error: String(error) });
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
