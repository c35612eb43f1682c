import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { TenantRow } from "./tenants.tables.ts";

/** A bucket's micro-tokens stay far below 2^53. */
const MAX_RATE = 1_000_000;

const limits = z
  .strictObject({
    burst: z
      .number()
      .int()
      .min(1)
      .max(MAX_RATE)
      .openapi({ description: "Inferences that may come at once.", example: 200 }),
    rate_per_second: z
      .number()
      .int()
      .min(1)
      .max(MAX_RATE)
      .openapi({ description: "Inferences a second that may go on for ever.", example: 100 }),
  })
  .openapi("TenantLimits");

const name = z.string().trim().min(1).max(100).openapi({ example: "Acme" });
const status = z.enum(["active", "suspended"]);

/** What a tenant may do until its plan says otherwise. */
const DEFAULT_LIMITS = { burst: 200, rate_per_second: 100 };

export const newTenantSchema = z.strictObject({ name, limits: limits.default(DEFAULT_LIMITS) }).openapi("NewTenant");

export const tenantChangeSchema = z
  .strictObject({ name: name.optional(), status: status.optional(), limits: limits.optional() })
  .refine((change) => Object.keys(change).length > 0, "Give at least one of name, status, limits.")
  .openapi("TenantChange");

export const tenantSchema = z
  .object({
    id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    status,
    limits,
    created_at: timestamp,
  })
  .openapi("Tenant");

/** A tenant as the API shows it. */
export function presentTenant(row: TenantRow) {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    limits: { burst: row.burst, rate_per_second: row.ratePerSecond },
    created_at: toTimestamp(row.createdAtMs),
  };
}
