import { z } from "@hono/zod-openapi";
import { SPEND_POLICY } from "../tenants/policy.rules.ts";
import { isAddressRange } from "./addresses.rules.ts";
import { CREDIT_POLICY } from "./admission.rules.ts";
import { ENDPOINTS, type Limits, SUBJECTS, UNITS } from "./policies.rules.ts";
import { WINDOWS } from "./windows.rules.ts";

/** A bucket's micro-tokens stay far below 2^53. */
const MAX_RATE = 1_000_000;
/** The largest integer that a header may tell: 15 digits (RFC 9651, section 3.3.1). */
const MAX_LIMIT = 999_999_999_999_999;
const MAX_POLICIES = 20;

const policyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes, starting with a letter")
  .openapi({ description: "How the RateLimit headers and refusals call it.", example: "inferences-day" });
const rate = z.number().int().min(1).max(MAX_RATE);
const amount = z.number().int().min(0).max(MAX_LIMIT);
const per = z
  .enum(SUBJECTS)
  .openapi({ description: "Who shares it: the tenant, the holders of a key, the callers of a model." });

const rateLimit = z.strictObject({
  name: policyName,
  per,
  endpoint: z.enum(ENDPOINTS),
  burst: rate.openapi({ description: "Calls that may come at once." }),
  rate_per_second: rate.openapi({ description: "Calls a second that may go on for ever." }),
});
const quota = z.strictObject({
  name: policyName,
  per,
  unit: z.enum(UNITS),
  window: z.enum(WINDOWS).openapi({ description: "In UTC; `period` is the billing period, `ever` all time." }),
  limit: amount,
  soft: z.boolean().default(false).openapi({ description: "Told about, but never refused." }),
});
const concurrency = z.strictObject({ name: policyName, per, limit: z.number().int().min(1).max(MAX_RATE) });

const shape = {
  rates: z.array(rateLimit).max(MAX_POLICIES).default([]),
  quotas: z.array(quota).max(MAX_POLICIES).default([]),
  concurrency: z.array(concurrency).max(MAX_POLICIES).default([]),
};

const plainLimits = z.strictObject(shape);
/** Limits as the API takes and shows them. */
export const limitsSchema = plainLimits.superRefine(refuseNames).openapi("Limits");
type WireLimits = z.infer<typeof plainLimits>;

const perKey = z.literal("key").default("key");
/** Limits of one key: each counts for that key alone. */
export const keyLimitsSchema = z
  .strictObject({
    rates: z
      .array(rateLimit.extend({ per: perKey }))
      .max(MAX_POLICIES)
      .default([]),
    quotas: z
      .array(quota.extend({ per: perKey }))
      .max(MAX_POLICIES)
      .default([]),
    concurrency: z
      .array(concurrency.extend({ per: perKey }))
      .max(MAX_POLICIES)
      .default([]),
  })
  .superRefine(refuseNames)
  .openapi("KeyLimits");

/** What a tenant has otherwise than its plan. */
export const overridesSchema = z
  .strictObject({
    ...shape,
    without: z
      .array(policyName)
      .max(MAX_POLICIES)
      .default([])
      .openapi({ description: "Limits of the plan that don't hold." }),
    spend_cap: z
      .strictObject({ micro_usd: amount, mode: z.enum(["hard", "soft"]).default("hard") })
      .nullable()
      .default(null)
      .openapi({ description: "What may be spent in a billing period, in millionths of a dollar." }),
    prepaid: z.boolean().optional().openapi({ description: "Whether calls are paid from credit granted in advance." }),
    prices: z
      .strictObject({ inference_micro_usd: amount.optional(), compute_second_micro_usd: amount.optional() })
      .default({}),
    ledger_retention_days: z.number().int().min(1).max(3650).optional(),
    live_listeners: z.number().int().min(0).max(1000).optional(),
  })
  .superRefine(refuseNames)
  .openapi("PolicyOverrides");
export type WireOverrides = z.infer<typeof overridesSchema>;

/** Addresses and networks. */
export const allowedIpsSchema = z
  .array(z.string().refine(isAddressRange, "must be an address like 203.0.113.7 or a network like 203.0.113.0/24"))
  .min(1)
  .max(100)
  .nullable()
  .openapi({ description: "Addresses and networks to call from; null: any.", example: ["203.0.113.0/24"] });

function refuseNames({ rates, quotas, concurrency: concurrent }: WireLimits, context: z.RefinementCtx): void {
  const names = [...rates, ...quotas, ...concurrent].map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) context.addIssue({ code: "custom", message: `The name "${double}" is given twice.` });
  const reserved = [SPEND_POLICY, CREDIT_POLICY].find((name) => names.includes(name));
  if (reserved !== undefined) context.addIssue({ code: "custom", message: `The name "${reserved}" is ours.` });
}

/** Limits as the rules take them. */
export function limitsFromWire({ rates, quotas, concurrency: concurrent }: WireLimits): Limits {
  return {
    rates: rates.map(({ rate_per_second: ratePerSecond, ...limit }) => ({ ...limit, ratePerSecond })),
    quotas: quotas.map(({ soft: isSoft, ...limit }) => ({ ...limit, isSoft })),
    concurrency: concurrent,
  };
}

/** Limits as the API shows them. */
export function presentLimits({ rates, quotas, concurrency: concurrent }: Limits) {
  return {
    rates: rates.map(({ ratePerSecond, ...limit }) => ({ ...limit, rate_per_second: ratePerSecond })),
    quotas: quotas.map(({ isSoft, ...limit }) => ({ ...limit, soft: isSoft })),
    concurrency: [...concurrent],
  };
}
