import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { type TenantId, isId } from "../shared/ids.ts";
import { FLEET_GRANULARITIES, type FleetQuery, type FleetRow } from "./fleet-report.rules.ts";
import type { HourTotals, ToldHour } from "./fleet.rules.ts";

const count = z.number().int().min(0);
const tenantId = z.string().refine((id): id is TenantId => isId("ten", id), "must be a tenant's id");

/** What a cell tells of an hour, as it comes from the queue. Members that a newer cell adds are left out. */
export const toldHourSchema = z.object({
  tenantId,
  hourMs: count.multipleOf(3_600_000),
  revision: count,
  asOfMs: count,
  totals: z.object({
    inferences: count,
    pending: count,
    ok: count,
    rejected: count,
    failed: count,
    unsettled: count,
    costMicroUsd: count,
    computeMs: count,
    bytesIn: count,
    bytesOut: count,
    refused: count,
  }),
}) satisfies z.ZodType<ToldHour>;

const moment = z.iso.datetime({ offset: true });

export const fleetQuerySchema = z.object({
  from: moment
    .optional()
    .openapi({ description: "Included; 30 days before `to` when left out.", example: "2026-11-01T00:00:00Z" }),
  to: moment.optional().openapi({ description: "Excluded; now when left out.", example: "2026-12-01T00:00:00Z" }),
  granularity: z.enum(FLEET_GRANULARITIES).default("day"),
  group_by: z.enum(["tenant"]).optional(),
  tenant: z
    .string()
    .optional()
    .openapi({ description: "This tenant alone.", example: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .openapi({ description: "Tenants on a page.", example: 50 }),
  after: z.string().optional().openapi({ description: "`next` of the page before." }),
});

const integer = z.number().int();

/** Totals as the API shows them. */
export const totalsSchema = z
  .object({
    inferences: integer.openapi({ description: "Charged." }),
    outcomes: z.object({
      pending: integer.openapi({ description: "Not settled yet; charged." }),
      ok: integer,
      rejected: integer.openapi({ description: "Refused for their content; not charged." }),
      failed: integer.openapi({ description: "Failed on our side; not charged." }),
      unsettled: integer.openapi({ description: "Nobody said how they ended; charged." }),
    }),
    cost_micro_usd: integer,
    compute_ms: integer,
    bytes_in: integer,
    bytes_out: integer,
    refused: integer.openapi({ description: "Refused at admission." }),
  })
  .openapi("UsageTotals");

const asOf = timestamp.openapi({ description: "When the newest hour in it was summed. Later calls may be missing." });

export const fleetUsageSchema = z
  .object({
    from: timestamp,
    to: timestamp,
    granularity: z.enum(FLEET_GRANULARITIES),
    data: z.array(z.object({ start: timestamp, tenant: z.string().optional(), as_of: asOf, ...totalsSchema.shape })),
    total: totalsSchema.openapi({ description: "Of everything that was asked for, on whichever page." }),
    as_of: asOf.nullable(),
    next: z.string().nullable(),
  })
  .openapi("FleetUsage");

/** Totals as the API shows them. */
export function presentTotals(totals: HourTotals): z.infer<typeof totalsSchema> {
  const { inferences, pending, ok, rejected, failed, unsettled, costMicroUsd, computeMs, bytesIn, bytesOut } = totals;
  return {
    inferences,
    outcomes: { pending, ok, rejected, failed, unsettled },
    cost_micro_usd: costMicroUsd,
    compute_ms: computeMs,
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    refused: totals.refused,
  };
}

/** Usage across tenants as the API shows it. */
export function presentFleet(
  query: FleetQuery,
  rows: readonly FleetRow[],
  whole: { readonly totals: HourTotals; readonly asOfMs: number | null },
  next: string | null,
): z.infer<typeof fleetUsageSchema> {
  return {
    from: toTimestamp(query.fromMs),
    to: toTimestamp(query.toMs),
    granularity: query.granularity,
    data: rows.map((row) => ({
      start: toTimestamp(row.startMs),
      ...(row.tenantId !== null && { tenant: row.tenantId }),
      as_of: toTimestamp(row.asOfMs),
      ...presentTotals(row.totals),
    })),
    total: presentTotals(whole.totals),
    as_of: whole.asOfMs === null ? null : toTimestamp(whole.asOfMs),
    next,
  };
}
