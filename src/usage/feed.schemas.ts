import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { SUBJECTS } from "../admission/policies.rules.ts";

const count = z.number().int().min(0);

const limit = z
  .strictObject({
    name: z.string(),
    per: z.enum(SUBJECTS),
    subject: z.string().nullable().openapi({ description: "The key's id or the model's name; null for the tenant." }),
    limit: count,
    remaining: count,
    unit: z.string().nullable().openapi({ description: "What is counted; null: calls." }),
    reset_seconds: count
      .nullable()
      .openapi({ description: "Until there is more than now; null: time alone brings nothing." }),
  })
  .openapi("LiveLimit");

const percentiles = z.strictObject({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});

const hello = z.strictObject({
  type: z.literal("hello"),
  protocol: z.literal(1),
  server_time: timestamp,
  in_flight: count,
  limits: z.array(limit),
});

const tick = z.strictObject({
  type: z.literal("tick"),
  at: timestamp.openapi({ description: "When the second began." }),
  admitted: count,
  refused: z.record(z.string(), count).openapi({ description: "By reason." }),
  settled: z.strictObject({ ok: count, rejected: count, failed: count, unsettled: count }),
  compute_latency_ms: percentiles.openapi({ description: "Of those that were answered; at most 6.25 % off." }),
  queue_latency_ms: percentiles,
  compute_ms: count,
  bytes_in: count,
  bytes_out: count,
  cost_micro_usd: z.number().int().openapi({ description: "Below 0 where more was given back than taken." }),
  in_flight: count,
  limits: z.array(limit),
});

const bye = z.strictObject({ type: z.literal("bye"), reason: z.string() });

/** A frame of the live feed. */
export const liveFrameSchema = z.discriminatedUnion("type", [hello, tick, bye]).openapi("LiveFrame", {
  example: { type: "bye", reason: "revoked-key" },
});
