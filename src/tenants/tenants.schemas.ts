import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { TenantLimitPatch, TenantLimits, TenantRow } from "./tenants.tables.ts";

/** A bucket's micro-tokens stay far below 2^53. */
const MAX_RATE = 1_000_000;

/** The longest that one inference may ever run: what a container is given at most. */
const MAX_RUN_MS = 300_000;

const count = z.number().int().min(1);
const fields = {
  burst: count.max(MAX_RATE).openapi({ description: "Inferences that may come at once.", example: 200 }),
  rate_per_second: count
    .max(MAX_RATE)
    .openapi({ description: "Inferences a second that may go on for ever.", example: 100 }),
  models: count.openapi({ description: "Models at a time.", example: 100 }),
  versions_per_model: count.openapi({ description: "Versions of one model at a time.", example: 50 }),
  stored_bytes: count.openapi({ description: "All files of all versions together.", example: 10_737_418_240 }),
  run_ms: count.max(MAX_RUN_MS).openapi({ description: "How long one inference may run.", example: 10_000 }),
};

const limits = z.strictObject(fields).openapi("TenantLimits");

/** What a tenant may do until its plan says otherwise. */
const newLimits = z
  .strictObject({
    burst: fields.burst.default(200),
    rate_per_second: fields.rate_per_second.default(100),
    models: fields.models.default(100),
    versions_per_model: fields.versions_per_model.default(50),
    stored_bytes: fields.stored_bytes.default(10 * 1024 ** 3),
    run_ms: fields.run_ms.default(10_000),
  })
  .openapi("NewTenantLimits");

const limitChanges = limits
  .partial()
  .refine((change) => Object.keys(change).length > 0, "Give at least one limit.")
  .openapi("TenantLimitChanges");

const name = z.string().trim().min(1).max(100).openapi({ example: "Acme" });
const status = z.enum(["active", "suspended"]);

export const newTenantSchema = z.strictObject({ name, limits: newLimits.prefault({}) }).openapi("NewTenant");

export const tenantChangeSchema = z
  .strictObject({ name: name.optional(), status: status.optional(), limits: limitChanges.optional() })
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
    limits: presentLimits(row),
    created_at: toTimestamp(row.createdAtMs),
  };
}

/** Limits as the registry names them; those that are not given are undefined. */
export function limitsFrom(given: z.infer<typeof limits>): TenantLimits;
export function limitsFrom(given: z.infer<typeof limitChanges>): TenantLimitPatch;
export function limitsFrom(given: z.infer<typeof limitChanges>): TenantLimitPatch {
  return {
    burst: given.burst,
    ratePerSecond: given.rate_per_second,
    maxModels: given.models,
    maxVersions: given.versions_per_model,
    maxStoredBytes: given.stored_bytes,
    maxRunMs: given.run_ms,
  };
}

function presentLimits(row: TenantLimits): z.infer<typeof limits> {
  return {
    burst: row.burst,
    rate_per_second: row.ratePerSecond,
    models: row.maxModels,
    versions_per_model: row.maxVersions,
    stored_bytes: row.maxStoredBytes,
    run_ms: row.maxRunMs,
  };
}
