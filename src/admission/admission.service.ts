import type { TenantId } from "../shared/ids.ts";
import type { Settlement } from "../usage/ledger.rules.ts";
import type { Admission, AdmissionRequest } from "./admission.rules.ts";
import { Lanes } from "./group-commit.ts";
import { logFault } from "../shared/log.ts";

const admissions = new Lanes<AdmissionRequest, Admission>({ maxBatch: 256, maxWaiting: 4096, deadlineMs: 5_000 });
const settlements = new Lanes<Settlement, true>({ maxBatch: 256, maxWaiting: 16_384, deadlineMs: 20_000 });

/** The part of the execution context that keeps a promise alive beyond the response. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** Where the tenants' cells are found. */
export type Cells = Env["TENANT_CELL"];

/**
 * Ask the tenant's cell, sharing the trip with the tenant's other requests in this isolate.
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
  const answer = admissions.submit(tenantId, request, (batch) => cells.getByName(tenantId).admit(batch));
  waitUntil(answer.catch(() => undefined));
  return answer;
}

/**
 * Settle after the response, joined with the tenant's other settlements.
 *
 * A settlement that is lost leaves its entry `pending`, charged: an answer may have been given. The loss is logged.
 */
export function settleLater(tenantId: TenantId, cells: Cells, waitUntil: WaitUntil, settlement: Settlement): void {
  const settled = settlements.submit(tenantId, settlement, async (batch) => {
    await cells.getByName(tenantId).settle(batch);
    return batch.map(() => true);
  });
  waitUntil(
    settled.catch((error: unknown) => {
      logFault("A settlement was lost.", { tenantId, settlement, error: String(error) });
    }),
  );
}
