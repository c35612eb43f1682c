import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { GRANULARITIES, type UsageFigures, type UsageQuery, type UsageRow, totalUsage } from "./usage.rules.ts";

const moment = z.iso.datetime({ offset: true });

export const usageQuerySchema = z.object({
  from: moment
    .optional()
    .openapi({ description: "Included; 24 hours before `to` when left out.", example: "2026-11-20T00:00:00Z" }),
  to: moment.optional().openapi({ description: "Excluded; now when left out.", example: "2026-11-21T00:00:00Z" }),
  granularity: z.enum(GRANULARITIES).default("hour"),
  group_by: z.enum(["model"]).optional(),
});

const figures = z.object({
  inferences: z.number().int().openapi({ description: "Charged." }),
  rejected: z.number().int().openapi({ description: "Admitted, then refused for their content; not charged." }),
  failed: z.number().int().openapi({ description: "Failed on our side; not charged." }),
  compute_ms: z.number().int(),
  bytes_in: z.number().int(),
  bytes_out: z.number().int(),
  refusals: z
    .record(z.string(), z.number().int())
    .openapi({ description: "Refused at admission, by reason.", example: { "quota-exceeded": 3 } }),
});

export const usageSchema = z
  .object({
    from: timestamp,
    to: timestamp,
    granularity: z.enum(GRANULARITIES),
    data: z.array(figures.extend({ start: timestamp, model: z.string().optional() })),
    total: figures,
  })
  .openapi("Usage");

/** Usage as the API shows it. */
export function presentUsage(query: UsageQuery, rows: readonly UsageRow[]) {
  return {
    from: toTimestamp(query.fromMs),
    to: toTimestamp(query.toMs),
    granularity: query.granularity,
    data: rows.map((row) => ({
      start: toTimestamp(row.startMs),
      ...(row.model !== undefined && { model: row.model }),
      ...presentFigures(row),
    })),
    total: presentFigures(totalUsage(rows)),
  };
}

function presentFigures({ inferences, rejected, failed, computeMs, bytesIn, bytesOut, refusals }: UsageFigures) {
  return { inferences, rejected, failed, compute_ms: computeMs, bytes_in: bytesIn, bytes_out: bytesOut, refusals };
}
