import type { Admission, AdmissionRequest } from "../../src/admission/admission.rules.ts";
import { type WaitUntil, requestAdmission } from "../../src/admission/admission.service.ts";
import { type Cells, cellOf } from "../../src/admission/cells.ts";
import type { TenantId } from "../../src/shared/ids.ts";

/** How a request gets to its tenant's cell. */
const WAYS = ["rpc", "group"] as const;
export type Way = (typeof WAYS)[number];

export function isWay(text: string): text is Way {
  return WAYS.some((way) => way === text);
}

/** One of the ways, ready to ask. */
export function wayToCell(
  way: Way,
  tenantId: TenantId,
  cells: Cells,
  waitUntil: WaitUntil,
): (request: AdmissionRequest) => Promise<Admission> {
  switch (way) {
    case "rpc":
      return async (request) => {
        const [answer] = await cellOf(cells, tenantId).admit([request]);
        if (!answer) throw new Error("The cell gave no answer.");
        return answer;
      };
    case "group":
      return async (request) => await requestAdmission(tenantId, cells, waitUntil, request);
  }
}
