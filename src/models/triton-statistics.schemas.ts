import { z } from "@hono/zod-openapi";
import type { VersionReport } from "../usage/statistics.rules.ts";

const duration = z.object({ count: z.number().int(), ns: z.number().int() });

/**
 * Statistics as Triton shows them, in JSON. What is not measured apart is 0.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
 */
export const tritonStatisticsSchema = z
  .object({
    model_stats: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        last_inference: z.number().int().openapi({ description: "Milliseconds since 1970; 0 when there was none." }),
        inference_count: z.number().int(),
        execution_count: z.number().int(),
        inference_stats: z.object({
          success: duration,
          fail: duration,
          queue: duration,
          compute_input: duration,
          compute_infer: duration,
          compute_output: duration,
          cache_hit: duration,
          cache_miss: duration,
        }),
        batch_stats: z.array(z.object({})),
      }),
    ),
  })
  .openapi("ModelStatistics", { example: { model_stats: [] } });

/** What versions have done, in Triton's terms. */
export function presentTritonStatistics(reports: readonly VersionReport[]): z.infer<typeof tritonStatisticsSchema> {
  return { model_stats: reports.map(presentReport) };
}

function presentReport({ model, number, statistics }: VersionReport) {
  const { inferences, failures, failedMicros, queue, compute, lastUsedAtMs } = statistics;
  const failed = Object.values(failures).reduce((total, count) => total + count, 0);
  return {
    name: model,
    version: String(number),
    last_inference: lastUsedAtMs ?? 0,
    inference_count: inferences,
    execution_count: inferences,
    inference_stats: {
      success: durationOf(inferences, queue.sumMicros + compute.sumMicros),
      fail: durationOf(failed, failedMicros),
      queue: durationOf(queue.count, queue.sumMicros),
      compute_input: durationOf(0, 0),
      compute_infer: durationOf(compute.count, compute.sumMicros),
      compute_output: durationOf(0, 0),
      cache_hit: durationOf(0, 0),
      cache_miss: durationOf(0, 0),
    },
    batch_stats: [],
  };
}

function durationOf(count: number, micros: number): z.infer<typeof duration> {
  return { count, ns: micros * 1000 };
}
