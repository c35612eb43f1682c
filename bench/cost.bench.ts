import type { Finding } from "./benchmark.ts";
import { findingOf } from "./scale-out.bench.ts";
import { costTables } from "./scaling/cost-tables.ts";

/** What tenants cost on Cloudflare's price list: arithmetic, no measurement. */
export async function* costBenchmark(): AsyncIterable<Finding> {
  for (const table of costTables()) yield findingOf(table);
}
