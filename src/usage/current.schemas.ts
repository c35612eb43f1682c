import { z } from "@hono/zod-openapi";
import { ENDPOINTS, SUBJECTS, UNITS } from "../admission/policies.rules.ts";
import { WINDOWS } from "../admission/windows.rules.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { SPEND_POLICY } from "../tenants/policy.rules.ts";
import type {
  ConcurrencyReading,
  CreditReading,
  CurrentUsage,
  QuotaReading,
  RateReading,
  SpendReading,
} from "./current.rules.ts";

const count = z.number().int();
const forecast = count.nullable().openapi({
  description:
    "What will be used at the window's end, if it goes on as it has from its start: used / elapsed · length. Null in a " +
    "window's first 5 %, and for one without an end.",
});

/** Whose limit it is. */
export const limitedShape = {
  per: z.enum(SUBJECTS),
  subject: z.string().nullable().openapi({ description: "The key's id or the model's name; null for the tenant." }),
};

const name = z.string().openapi({ description: "The limit's name.", example: "inferences-month" });

const quotaSchema = z.object({
  name,
  ...limitedShape,
  unit: z.enum(UNITS),
  window: z.enum(WINDOWS),
  soft: z.boolean().openapi({ description: "Told about, but never refused." }),
  window_start: timestamp,
  resets_at: timestamp.nullable().openapi({ description: "Null for one that never starts anew." }),
  limit: count,
  used: count,
  held: count.openapi({ description: "What calls under way may still take of it." }),
  remaining: count.openapi({ description: "What a new call may take: neither used nor held." }),
  percent: count.openapi({ description: "Used, in whole percent, rounded down." }),
  forecast,
});
const rateSchema = z.object({
  name,
  ...limitedShape,
  endpoint: z.enum(ENDPOINTS),
  burst: count,
  rate_per_second: count,
  remaining: count.openapi({ description: "Calls that may come at once, now." }),
});
const concurrencySchema = z.object({ name, ...limitedShape, limit: count, in_flight: count, remaining: count });
const spendSchema = z.object({
  period_start: timestamp,
  period_end: timestamp,
  spent_micro_usd: count.openapi({ description: "Since the period's start, to the minute." }),
  forecast_micro_usd: forecast,
  cap_micro_usd: count.nullable().openapi({ description: `Null without a cap; see the quota ${SPEND_POLICY}.` }),
});
const creditSchema = z.object({
  granted_micro_usd: count,
  spent_micro_usd: count,
  held_micro_usd: count,
  left_micro_usd: count,
});

export const currentSchema = z
  .object({
    at: timestamp,
    quotas: z.array(quotaSchema),
    rates: z.array(rateSchema),
    concurrency: z.array(concurrencySchema),
    spend: spendSchema,
    credit: creditSchema.nullable().openapi({ description: "Null where nothing is paid in advance." }),
    truncated: z
      .boolean()
      .openapi({ description: "Whether there are more than 1,000 of a kind: the fullest are here." }),
  })
  .openapi("CurrentUsage");

/** All limits as the API shows them. */
export function presentCurrent(current: CurrentUsage): z.infer<typeof currentSchema> {
  const cap = current.quotas.find(({ quota }) => quota.name === SPEND_POLICY);
  return {
    at: toTimestamp(current.nowMs),
    quotas: current.quotas.map(presentQuota),
    rates: current.rates.map(presentRate),
    concurrency: current.concurrency.map(presentConcurrency),
    spend: presentSpend(current.spend, cap),
    credit: current.credit ? presentCredit(current.credit) : null,
    truncated: current.isTruncated,
  };
}

function presentQuota({ quota, per, subject, ...reading }: QuotaReading) {
  const { windowStartMs, resetsAtMs, used, held, remaining, percent, forecast: expected } = reading;
  return {
    name: quota.name,
    per,
    subject,
    unit: quota.unit,
    window: quota.window,
    soft: quota.isSoft,
    window_start: toTimestamp(windowStartMs),
    resets_at: resetsAtMs === undefined ? null : toTimestamp(resetsAtMs),
    limit: quota.limit,
    used,
    held,
    remaining,
    percent,
    forecast: expected ?? null,
  };
}

function presentRate({ rate, per, subject, remaining }: RateReading) {
  const { name: limitName, endpoint, burst, ratePerSecond } = rate;
  return { name: limitName, per, subject, endpoint, burst, rate_per_second: ratePerSecond, remaining };
}

function presentConcurrency({ concurrency: { name: limitName, limit }, per, subject, inFlight }: ConcurrencyReading) {
  return { name: limitName, per, subject, limit, in_flight: inFlight, remaining: Math.max(0, limit - inFlight) };
}

function presentSpend({ startMs, endMs, microUsd, forecast: expected }: SpendReading, cap: QuotaReading | undefined) {
  return {
    period_start: toTimestamp(startMs),
    period_end: toTimestamp(endMs),
    spent_micro_usd: microUsd,
    forecast_micro_usd: expected ?? null,
    cap_micro_usd: cap?.quota.limit ?? null,
  };
}

function presentCredit({ granted, spent, held, left }: CreditReading) {
  return { granted_micro_usd: granted, spent_micro_usd: spent, held_micro_usd: held, left_micro_usd: left };
}
