import { costTables } from "./cost-tables.ts";
import type { NamedTable } from "./named-table.ts";
import { latencyTable, postpaidTable, prepaidTable } from "./scale-out.ts";

/** Every table of docs/scaling.md that is computed. */
export function scalingTables(): NamedTable[] {
  return [...costTables(), latencyTable(), prepaidTable(), postpaidTable()];
}
