import { type Doer, auditRow } from "../events/audit.rules.ts";
import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { recordGrant } from "./credits.store.ts";
import { findTenant } from "./tenants.store.ts";
import type { CreditGrantRow } from "./tenants.tables.ts";

/** What became of a wish to grant credit. `another-grant`: its id belongs to a grant of another amount or reason. */
export type Granting =
  | { readonly kind: "granted"; readonly grant: CreditGrantRow }
  | { readonly kind: "tenant-not-found" }
  | { readonly kind: "another-grant" };

/**
 * Grant credit in advance. When the call returns, the tenant's next call may be paid from it.
 *
 * May be repeated: a grant's id counts once, in D1 and in the cell. Should telling the cell fail, the caller gets a fault, and
 * repeats the call.
 */
export async function grantCredit(
  tenantId: TenantId,
  services: Services,
  wish: Pick<CreditGrantRow, "id" | "amountMicroUsd" | "reason">,
  by: Doer,
): Promise<Granting> {
  if (!(await findTenant(tenantId, services.db))) return { kind: "tenant-not-found" };
  const nowMs = services.now();
  const after = { grant_id: wish.id, amount_micro_usd: wish.amountMicroUsd, reason: wish.reason };
  const audit = auditRow({ ...by, act: "credit.granted", tenantId, targetId: tenantId, after }, nowMs);
  const grant = await recordGrant(tenantId, services.db, { ...wish, createdAtMs: nowMs }, audit);
  if (grant.amountMicroUsd !== wish.amountMicroUsd || grant.reason !== wish.reason) return { kind: "another-grant" };
  await services.cell(tenantId).grantCredit(grant.id, grant.amountMicroUsd);
  return { kind: "granted", grant };
}
