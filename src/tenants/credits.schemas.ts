import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { CreditGrantRow } from "./tenants.tables.ts";

/** A billion dollars: sums of grants stay far below 2^53. */
const MAX_GRANT_MICRO_USD = 1_000_000_000_000_000;

const amount = z.number().int().min(1).max(MAX_GRANT_MICRO_USD);

export const newCreditGrantSchema = z
  .strictObject({
    amount_micro_usd: amount.openapi({ description: "Millionths of a dollar.", example: 5_000_000 }),
    reason: z.string().trim().min(1).max(500).nullable().default(null).openapi({ example: "Invoice 2026-11" }),
  })
  .openapi("NewCreditGrant");

export const creditGrantSchema = z
  .object({
    id: z.string().openapi({ description: "The Idempotency-Key that it was granted with." }),
    amount_micro_usd: amount,
    reason: z.string().nullable(),
    created_at: timestamp,
  })
  .openapi("CreditGrant");

/** A grant as the API shows it. */
export function presentGrant({ id, amountMicroUsd, reason, createdAtMs }: CreditGrantRow) {
  return { id, amount_micro_usd: amountMicroUsd, reason, created_at: toTimestamp(createdAtMs) };
}
