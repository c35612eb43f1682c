import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { Timing, VersionStatistics } from "./statistics.rules.ts";

const milliseconds = z.number().nullable();
const percentiles = z.object({ p50: milliseconds, p95: milliseconds, p99: milliseconds });

export const statisticsSchema = z
  .object({
    inferences: z.number().int().openapi({ description: "Answered." }),
    failures: z
      .record(z.string(), z.number().int())
      .openapi({ description: "Not answered, by the code of the problem.", example: { "shape-mismatch": 2 } }),
    queue_ms: percentiles.openapi({ description: "Waiting for something to run on. Within 7 %." }),
    compute_ms: percentiles.openapi({ description: "Running. Within 7 %." }),
    cold_start_ms: percentiles
      .extend({ count: z.number().int() })
      .openapi({ description: "Waiting and running of those that the version had to be started for." }),
    bytes_in: z.number().int(),
    bytes_out: z.number().int(),
    last_used_at: timestamp.nullable(),
  })
  .openapi("VersionStatistics");

/** A version's statistics as the API shows them. */
export function presentStatistics(statistics: VersionStatistics): z.infer<typeof statisticsSchema> {
  const { inferences, failures, queue, compute, coldStart, bytesIn, bytesOut, lastUsedAtMs } = statistics;
  return {
    inferences,
    failures: { ...failures },
    queue_ms: presentPercentiles(queue),
    compute_ms: presentPercentiles(compute),
    cold_start_ms: { count: coldStart.count, ...presentPercentiles(coldStart) },
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    last_used_at: lastUsedAtMs === null ? null : toTimestamp(lastUsedAtMs),
  };
}

function presentPercentiles({ p50Micros, p95Micros, p99Micros }: Timing) {
  const toMs = (micros: number | null): number | null => (micros === null ? null : micros / 1000);
  return { p50: toMs(p50Micros), p95: toMs(p95Micros), p99: toMs(p99Micros) };
}
