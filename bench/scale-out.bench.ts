import type { Finding } from "./benchmark.ts";
import { type NamedTable, textOf } from "./scaling/named-table.ts";
import { latencyTable, postpaidTable, prepaidTable } from "./scaling/scale-out.ts";

/** A tenant with callers on every continent, simulated: one cell for all, regional cells with a prepaid budget, and post-paid. */
export async function* scaleOutBenchmark(): AsyncIterable<Finding> {
  for (const table of [latencyTable, prepaidTable, postpaidTable]) yield findingOf(table());
}

/** A table as a benchmark's finding. */
export function findingOf(table: NamedTable): Finding {
  const { title, columns, rows } = table;
  const figures = rows.map((row) => Object.fromEntries(columns.map(({ head }, index) => [head, row[index]])));
  return { title, table: textOf(table), figures: { rows: figures } };
}
