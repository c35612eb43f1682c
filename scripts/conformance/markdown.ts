/** The figures of one run, or of the stretches of a long one, as Markdown. */
import type { VectorResult } from "./folder-run.ts";
import { type ConformanceReport, countResults } from "./report.ts";

/** What the figures were measured with. */
export interface Versions {
  readonly node: string;
  /** Of isolates. */
  readonly onnxruntimeWeb: string;
  /** Of the container. */
  readonly onnxruntimeNode: string;
}

/** A reason may hold what Markdown takes for the end of a cell. */
function cell(text: string | number): string {
  return String(text).replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
}

function countsTable(results: readonly VectorResult[]): string[] {
  const groups = Object.values(Object.groupBy(results, ({ suite, form, runtime }) => `${suite}\0${form}\0${runtime}`));
  const rows = groups.flatMap((group = []) => {
    const [first] = group;
    if (first === undefined) return [];
    const { passed, failed, excused } = countResults(group);
    const models = new Set(group.map((result) => result.case)).size;
    return [[first.suite, first.form, first.runtime, models, group.length, passed, failed, excused]];
  });
  return table(["folder", "form", "runtime", "models", "vectors", "passed", "failed", "excused"], rows);
}

function listTable(
  title: string,
  head: string,
  results: readonly VectorResult[],
  textOf: (result: VectorResult) => string,
) {
  if (results.length === 0) return [];
  const rows = results.map((result) => [
    `\`${result.case}\` ${result.vector}`,
    result.form,
    result.runtime,
    textOf(result),
  ]);
  return ["", `## ${title}`, "", ...table(["case", "form", "runtime", head], rows)];
}

/**
 * Write reports as one page: date, versions, counts by folder, form and runtime, and what was excused or failed.
 *
 * @param reports  the stretches of one run; its date is the day on which the first of them started
 */
export function writeMarkdown(reports: readonly ConformanceReport[], versions: Versions): string {
  const results = reports.flatMap((report) => report.results);
  const { node, onnxruntimeWeb, onnxruntimeNode } = versions;
  const days = reports.map(({ startedAt }) => startedAt.slice(0, 10)).toSorted();
  const excused = results.filter(({ excuse }) => excuse !== undefined);
  const failed = results.filter(({ reason, excuse }) => reason !== undefined && excuse === undefined);
  const lines = [
    "# Conformance",
    "",
    `${days[0] ?? ""}, Node ${node}, ONNX Runtime Web ${onnxruntimeWeb} (isolate), ONNX Runtime ${onnxruntimeNode} (container).`,
    "",
    ...countsTable(results),
    ...listTable("Excused", "reason", excused, ({ excuse = "" }) => excuse),
    ...listTable("Failed", "what was wrong", failed, ({ reason = "" }) => reason),
  ];
  return `${lines.join("\n")}\n`;
}
