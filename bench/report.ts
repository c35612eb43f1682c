import type { Comparison, Standing } from "./measure.ts";

/** One comparison as people read it: a table with the medians of each contender at each level. */
export function tableOf(comparison: Comparison, standings: readonly Standing[]): string {
  const head = ["in flight", "contender", `${comparison.unit}/s`, "ratio", "p50 ms", "p99 ms", "server CPU µs"];
  const rows = standings.map(({ inFlight, contender, median, ratio }) => [
    String(inFlight),
    contender,
    Math.round(median.perSecond).toLocaleString("en"),
    ratio.toFixed(2),
    median.p50Ms?.toFixed(2) ?? "",
    median.p99Ms?.toFixed(2) ?? "",
    median.cpuMicros?.toFixed(0) ?? "",
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  const body = rows.flatMap((row, index) => {
    const isNewLevel = index > 0 && standings[index]?.inFlight !== standings[index - 1]?.inFlight;
    return isNewLevel ? ["", line(row)] : [line(row)];
  });
  return [comparison.title, "", line(head), line(widths.map((width) => "─".repeat(width))), ...body].join("\n");
}
