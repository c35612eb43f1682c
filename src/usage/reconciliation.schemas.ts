import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { TenantId } from "../shared/ids.ts";
import { presentTotals, totalsSchema } from "./fleet.schemas.ts";
import { ALL_OLDER, DISCREPANCIES, type Discrepancy } from "./reconciliation.rules.ts";

export const reconcileSchema = z
  .strictObject({
    tenant: z
      .string()
      .optional()
      .openapi({ description: "This tenant alone; all when left out.", example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    limit: z.number().int().min(1).max(100).default(50).openapi({ description: "Tenants to compare.", example: 50 }),
    after: z.string().optional().openapi({ description: "`next` of the call before." }),
  })
  .openapi("Reconcile");

export const reconciliationSchema = z
  .object({
    checked: z.number().int().openapi({ description: "Tenants that were looked at." }),
    discrepancies: z.array(
      z.object({
        tenant: z.string(),
        kind: z.enum(DISCREPANCIES).openapi({
          description:
            "`missing`: what the cell told did not arrive, and was told again; `different`: it arrived, and the totals are others; " +
            "`unknown`: the cell knows nothing of the hour.",
        }),
        hour: timestamp.nullable().openapi({ description: "null for the sum of all hours older than those compared." }),
        in_cell: totalsSchema.nullable(),
        in_registry: totalsSchema.nullable(),
      }),
    ),
    failed: z.array(z.string()).openapi({ description: "Tenants that could not be compared; the log says why." }),
    next: z.string().nullable(),
  })
  .openapi("Reconciliation");

/** What a comparison found, as the API shows it. */
export function presentReconciliation(found: {
  readonly checked: number;
  readonly discrepancies: readonly (Discrepancy & { readonly tenantId: TenantId })[];
  readonly failed: readonly TenantId[];
  readonly next: TenantId | null;
}): z.infer<typeof reconciliationSchema> {
  return {
    checked: found.checked,
    discrepancies: found.discrepancies.map(({ tenantId, kind, hourMs, inCell, inRegistry }) => ({
      tenant: tenantId,
      kind,
      hour: hourMs === ALL_OLDER ? null : toTimestamp(hourMs),
      in_cell: inCell && presentTotals(inCell),
      in_registry: inRegistry && presentTotals(inRegistry),
    })),
    failed: [...found.failed],
    next: found.next,
  };
}
