import type { Admission, AdmissionRequest } from "../../src/admission/admission.rules.ts";
import { type WaitUntil, requestAdmission } from "../../src/admission/admission.service.ts";
import { type Cells, cellOf } from "../../src/admission/cells.ts";
import type { TenantId } from "../../src/shared/ids.ts";
import { ParallelLanes } from "./parallel-lanes.ts";

/** How a request gets to its tenant's cell. */
const WAYS = ["rpc", "group", "group2", "group3"] as const;
export type Way = (typeof WAYS)[number];

export function isWay(text: string): text is Way {
  return WAYS.some((way) => way === text);
}

const twoTrips = new ParallelLanes<AdmissionRequest, Admission>({ maxBatch: 256, maxTrips: 2 });
const threeTrips = new ParallelLanes<AdmissionRequest, Admission>({ maxBatch: 256, maxTrips: 3 });

/** One of the ways, ready to ask. */
export function wayToCell(
  way: Way,
  tenantId: TenantId,
  cells: Cells,
  waitUntil: WaitUntil,
): (request: AdmissionRequest) => Promise<Admission> {
  const send = async (batch: AdmissionRequest[]): Promise<Admission[]> => await cellOf(cells, tenantId).admit(batch);
  switch (way) {
    case "rpc":
      return async (request) => {
        const [answer] = await send([request]);
        if (!answer) throw new Error("The cell gave no answer.");
        return answer;
      };
    case "group":
      return async (request) => await requestAdmission(tenantId, cells, waitUntil, request);
    case "group2":
      return async (request) => await twoTrips.submit(tenantId, request, send);
    case "group3":
      return async (request) => await threeTrips.submit(tenantId, request, send);
  }
}
