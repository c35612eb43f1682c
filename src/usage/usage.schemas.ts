import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import { toCsv } from "../shared/csv.ts";
import { OUTCOMES } from "./ledger.rules.ts";
import { SPAN_MS, startOf } from "./rollup.rules.ts";
import {
  DIMENSIONS,
  type Dimension,
  GRANULARITIES,
  type UsageAnswer,
  type UsageFigures,
  type UsageGroup,
  type UsageQuery,
  dimensionsOf,
  totalUsage,
} from "./usage.rules.ts";

const RUNTIMES = ["isolate", "container", "backend"] as const;

const moment = z.iso.datetime({ offset: true });

export const usageQuerySchema = z.object({
  from: moment
    .optional()
    .openapi({ description: "Included; 24 hours before `to` when left out.", example: "2026-11-20T00:00:00Z" }),
  to: moment
    .optional()
    .openapi({ description: "Excluded; the end of this minute when left out.", example: "2026-11-21T00:00:00Z" }),
  granularity: z.enum(GRANULARITIES).default("hour"),
  group_by: z
    .string()
    .transform(toDimensions)
    .default([])
    .openapi({
      type: "string",
      description: `Any of ${DIMENSIONS.join(", ")}, with commas between; \`version\` brings \`model\` along.`,
      example: "model,outcome",
    }),
  model: z.string().optional().openapi({ description: "Only this model's, by its name." }),
  version: z.coerce.number().int().min(1).optional().openapi({ description: "Only this version's of the model." }),
  key: z.string().optional().openapi({ description: "Only this caller's, by the key's id." }),
  outcome: z.enum(OUTCOMES).optional(),
  runtime: z.enum(RUNTIMES).optional(),
  format: z.enum(["json", "csv"]).optional().openapi({ description: "In the place of the header Accept." }),
});

function toDimensions(text: string, context: z.RefinementCtx): Dimension[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !DIMENSIONS.some((known) => known === name));
  if (unknown !== undefined) {
    context.addIssue(`"${unknown}" is none of ${DIMENSIONS.join(", ")}`);
    return [];
  }
  return DIMENSIONS.filter((name) => names.includes(name));
}

const count = z.number().int();
const figures = z.object({
  inferences: count.openapi({ description: "Charged units: `ok`, `unsettled` and `pending`." }),
  pending: count.openapi({ description: "Under way." }),
  ok: count.openapi({ description: "Answered." }),
  rejected: count.openapi({ description: "Admitted, then refused for their content; not charged." }),
  failed: count.openapi({ description: "Failed on our side; not charged." }),
  unsettled: count.openapi({ description: "Nobody said in time how they ended; charged." }),
  cost_micro_usd: count.openapi({ description: "What they cost, in millionths of a dollar; credit is not taken off." }),
  compute_ms: count,
  bytes_in: count,
  bytes_out: count,
  refusals: z.record(z.string(), count).openapi({
    description: "Refused at admission, by reason. They are known by model and key alone.",
    example: { "quota-exceeded": 3 },
  }),
});

const group = z.object({
  model: z.string().nullable().optional(),
  version: count.nullable().optional(),
  key: z.string().nullable().optional(),
  outcome: z.enum(OUTCOMES).nullable().optional(),
  runtime: z.enum(RUNTIMES).nullable().optional(),
});

export const usageSchema = z
  .object({
    from: timestamp.openapi({ description: "What the sums cover: `from`, rounded down to the detail that is kept." }),
    to: timestamp.openapi({ description: "`to`, rounded up to it." }),
    granularity: z.enum(GRANULARITIES),
    data: z.array(z.object({ start: timestamp, ...group.shape, ...figures.shape })),
    total: figures,
  })
  .openapi("Usage");

type Counted = Extract<UsageAnswer, { kind: "usage" }>;

/** A question as the rules take it; its ends where they were left out: the last 24 hours, this minute included. */
export function usageQueryFrom(wire: z.infer<typeof usageQuerySchema>, nowMs: number): UsageQuery {
  const { from, to, granularity, group_by: groupBy, model, version, key, outcome, runtime } = wire;
  const toMs = to === undefined ? startOf("minute", nowMs) + SPAN_MS.minute : Date.parse(to);
  const fromMs = from === undefined ? toMs - SPAN_MS.day : Date.parse(from);
  const only: UsageGroup = {
    ...(model !== undefined && { model }),
    ...(version !== undefined && { version }),
    ...(key !== undefined && { key }),
    ...(outcome && { outcome }),
    ...(runtime && { runtime }),
  };
  return { fromMs, toMs, granularity, groupBy, only };
}

/** Usage as the API shows it. */
export function presentUsage({ granularity }: UsageQuery, { fromMs, toMs, rows }: Counted) {
  return {
    from: toTimestamp(fromMs),
    to: toTimestamp(toMs),
    granularity,
    data: rows.map((row) => ({ start: toTimestamp(row.startMs), ...row.group, ...presentFigures(row) })),
    total: presentFigures(totalUsage(rows)),
  };
}

/** Usage as a table: the same rows, with refusals as their number and as `reason=count` with spaces between. */
export function tabulateUsage({ groupBy }: UsageQuery, { rows }: Counted): string {
  const dimensions = dimensionsOf(groupBy);
  const { refusals: _, ...sums } = presentFigures(totalUsage([]));
  const header = ["start", ...dimensions, ...Object.keys(sums), "refused", "refusals"];
  const lines = rows.map((row) => {
    const { refusals, ...values } = presentFigures(row);
    const reasons = Object.entries(refusals).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      toTimestamp(row.startMs),
      ...dimensions.map((name) => row.group[name] ?? null),
      ...Object.values(values),
      reasons.reduce((total, [, refused]) => total + refused, 0),
      reasons.map(([reason, refused]) => `${reason}=${refused}`).join(" "),
    ];
  });
  return toCsv(header, lines);
}

function presentFigures(row: UsageFigures) {
  return {
    inferences: row.inferences,
    pending: row.pending,
    ok: row.ok,
    rejected: row.rejected,
    failed: row.failed,
    unsettled: row.unsettled,
    cost_micro_usd: row.costMicroUsd,
    compute_ms: row.computeMs,
    bytes_in: row.bytesIn,
    bytes_out: row.bytesOut,
    refusals: row.refusals,
  };
}
