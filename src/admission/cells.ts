import type { TenantId } from "../shared/ids.ts";

/** Where the tenants' cells are found. */
export type Cells = Env["TENANT_CELL"];

/** The cell of a tenant. Nothing else addresses one, so that where a tenant's calls are counted is decided here alone. */
export function cellOf(cells: Cells, tenantId: TenantId) {
  return cells.getByName(tenantId);
}
