import { z } from "@hono/zod-openapi";
import {
  type WireOverrides,
  allowedIpsSchema,
  limitsFromWire,
  overridesSchema,
  presentLimits,
} from "../admission/limits.schemas.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { type TenantId, isId, jurisdictionOf } from "../shared/ids.ts";
import { JURISDICTIONS, LOCATION_HINTS } from "../shared/regions.ts";
import { allowedOriginsSchema } from "./cors.schemas.ts";
import { PLAN_NAMES } from "./plans.rules.ts";
import type { PolicyOverrides } from "./policy.rules.ts";
import type { TenantLimitPatch, TenantLimits, TenantPolicyPatch, TenantRow } from "./tenants.tables.ts";

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

const policy = {
  plan: z.enum(PLAN_NAMES).optional(),
  overrides: overridesSchema.optional(),
  allowed_ips: allowedIpsSchema.optional(),
  allowed_origins: allowedOriginsSchema.optional(),
  billing_anchor: z.iso.datetime({ offset: true }).optional().openapi({
    description: "When a billing period began; the next begins a month later. Calendar months, if it is never given.",
  }),
};

const parentId = z
  .string()
  .refine((id): id is TenantId => isId("ten", id), "must be a tenant's id")
  .nullable()
  .optional()
  .openapi({
    description: "The tenant that sees this one's usage; null: none. At most three generations, and 100 children each.",
    example: null,
  });

const policyObject = z.object({ ...policy, location_hint: z.enum(LOCATION_HINTS).optional() });

export const newTenantSchema = z
  .strictObject({
    name,
    limits: newLimits.prefault({}),
    ...policy,
    parent_id: parentId,
    location_hint: z.enum(LOCATION_HINTS).optional().openapi({
      description: "Where the tenant's calls are counted, as near as may be: near its callers. It stays there.",
    }),
    jurisdiction: z
      .enum(JURISDICTIONS)
      .optional()
      .openapi({
        description:
          "Within which the tenant's calls are counted and never elsewhere. It can't be changed; docs/residency.md says what it " +
          "holds, and what it does not. 501 where what runs the service has no jurisdictions.",
      }),
  })
  .openapi("NewTenant");

export const tenantChangeSchema = z
  .strictObject({
    name: name.optional(),
    status: status.optional(),
    limits: limitChanges.optional(),
    parent_id: parentId,
    ...policy,
  })
  .refine(
    (change) => Object.keys(change).length > 0,
    "Give at least one of name, status, limits, plan, overrides, allowed_ips, allowed_origins, billing_anchor, parent_id.",
  )
  .openapi("TenantChange");

export const tenantSchema = z
  .object({
    id: z.string().openapi({ example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    status,
    limits,
    plan: z.enum(PLAN_NAMES),
    overrides: overridesSchema,
    allowed_ips: z.array(z.string()).nullable(),
    allowed_origins: z.array(z.string()),
    billing_anchor: timestamp,
    location_hint: z.enum(LOCATION_HINTS).nullable(),
    jurisdiction: z.enum(JURISDICTIONS).nullable(),
    parent_id: z.string().nullable(),
    created_at: timestamp,
  })
  .openapi("Tenant");

export const voidedSchema = z
  .object({ not_before: timestamp.openapi({ description: "What was issued before this moment is void." }) })
  .openapi("VoidedCredentials");

/** A tenant as the API shows it. */
export function presentTenant(row: TenantRow) {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    limits: presentTenantLimits(row),
    plan: row.plan,
    overrides: presentOverrides(row.overrides),
    allowed_ips: row.allowedIps,
    allowed_origins: row.allowedOrigins,
    billing_anchor: toTimestamp(row.periodAnchorMs),
    location_hint: row.locationHint,
    jurisdiction: jurisdictionOf(row.id) ?? null,
    parent_id: row.parentId,
    created_at: toTimestamp(row.createdAtMs),
  };
}

/** The limits of a tenant that nobody has given any. */
export function defaultLimits(): TenantLimits {
  return limitsFrom(newLimits.parse({}));
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

/** What a tenant's policy is to be; what is not given is left out. */
export function policyFrom(given: z.infer<typeof policyObject>): TenantPolicyPatch {
  const { plan, overrides, allowed_ips: allowedIps, billing_anchor: anchor, location_hint: locationHint } = given;
  const { allowed_origins: allowedOrigins } = given;
  return {
    ...(plan && { plan }),
    ...(overrides && { overrides: overridesFrom(overrides) }),
    ...(allowedIps !== undefined && { allowedIps }),
    ...(allowedOrigins && { allowedOrigins }),
    ...(anchor !== undefined && { periodAnchorMs: Date.parse(anchor) }),
    ...(locationHint && { locationHint }),
  };
}

function overridesFrom(given: WireOverrides): PolicyOverrides {
  const { spend_cap: cap, prices, without, prepaid, ledger_retention_days: days, live_listeners: listeners } = given;
  const { inference_micro_usd: inference, compute_second_micro_usd: compute } = prices;
  return {
    ...limitsFromWire(given),
    without,
    spendCap: cap && { microUsd: cap.micro_usd, isSoft: cap.mode === "soft" },
    prices: {
      ...(inference !== undefined && { inferenceMicroUsd: inference }),
      ...(compute !== undefined && { computeSecondMicroUsd: compute }),
    },
    ...(prepaid !== undefined && { isPrepaid: prepaid }),
    ...(days !== undefined && { ledgerRetentionDays: days }),
    ...(listeners !== undefined && { maxListeners: listeners }),
  };
}

function presentOverrides(overrides: PolicyOverrides): WireOverrides {
  const { rates = [], quotas = [], concurrency = [], without = [], spendCap = null, prices = {} } = overrides;
  const mode = spendCap?.isSoft === true ? "soft" : "hard";
  return {
    ...presentLimits({ rates, quotas, concurrency }),
    without: [...without],
    spend_cap: spendCap && { micro_usd: spendCap.microUsd, mode },
    prepaid: overrides.isPrepaid,
    prices: {
      inference_micro_usd: prices.inferenceMicroUsd,
      compute_second_micro_usd: prices.computeSecondMicroUsd,
    },
    ledger_retention_days: overrides.ledgerRetentionDays,
    live_listeners: overrides.maxListeners,
  };
}

function presentTenantLimits(row: TenantLimits): z.infer<typeof limits> {
  return {
    burst: row.burst,
    rate_per_second: row.ratePerSecond,
    models: row.maxModels,
    versions_per_model: row.maxVersions,
    stored_bytes: row.maxStoredBytes,
    run_ms: row.maxRunMs,
  };
}
