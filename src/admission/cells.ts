import { type TenantId, jurisdictionOf } from "../shared/ids.ts";
import type { Jurisdiction, LocationHint } from "../shared/regions.ts";

/** Where the tenants' cells are found. */
export type Cells = Env["TENANT_CELL"];

/**
 * The cell of a tenant. Nothing else addresses one, so that where a tenant's calls are counted is decided here alone.
 *
 * A tenant's jurisdiction stands in its id, so its cell is made there with the first call, and found there by every other.
 *
 * @param locationHint  where the cell is to be made, as near as may be; heeded by the first call alone
 * @throws Error when the platform has no jurisdictions ({@link offersJurisdiction}) and the tenant needs one
 */
export function cellOf(cells: Cells, tenantId: TenantId, locationHint?: LocationHint | null) {
  const jurisdiction = jurisdictionOf(tenantId);
  const within = jurisdiction === undefined ? cells : cells.jurisdiction(jurisdiction);
  return within.getByName(tenantId, locationHint ? { locationHint } : undefined);
}

/** Whether the platform can hold cells to a jurisdiction: Cloudflare can; workerd on a machine of one's own throws. */
export function offersJurisdiction(cells: Cells, jurisdiction: Jurisdiction): boolean {
  try {
    cells.jurisdiction(jurisdiction);
    return true;
  } catch {
    return false;
  }
}
