import type { Comparison, Standing } from "./measure.ts";

/** A column of a table: its head, and whether it holds words or numbers. */
export interface Column {
  readonly head: string;
  readonly align: "left" | "right";
}

/** Rows under their heads, in columns as wide as needed. An empty row parts groups. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const heads = columns.map(({ head }) => head);
  const widths = columns.map((_, index) => Math.max(...[heads, ...rows].map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) =>
        columns[index]?.align === "left" ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(heads), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}

/** One comparison as people read it: the medians of each contender at each level. */
export function tableOf(comparison: Comparison, standings: readonly Standing[]): string {
  const columns: Column[] = [
    { head: "in flight", align: "right" },
    { head: "contender", align: "left" },
    { head: `${comparison.unit}/s`, align: "right" },
    { head: "ratio", align: "right" },
    { head: "p50 ms", align: "right" },
    { head: "p99 ms", align: "right" },
    { head: "server CPU µs", align: "right" },
  ];
  const rows = standings.flatMap((standing, index) => {
    const isNewLevel = index > 0 && standing.inFlight !== standings[index - 1]?.inFlight;
    return isNewLevel ? [[], rowOf(standing)] : [rowOf(standing)];
  });
  return formatTable(columns, rows);
}

function rowOf({ inFlight, contender, median, ratio }: Standing): string[] {
  return [
    String(inFlight),
    contender,
    Math.round(median.perSecond).toLocaleString("en"),
    ratio.toFixed(2),
    median.p50Ms?.toFixed(2) ?? "",
    median.p99Ms?.toFixed(2) ?? "",
    median.cpuMicros?.toFixed(0) ?? "",
  ];
}
