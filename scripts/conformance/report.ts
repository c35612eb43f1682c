/** What a run found, for people and for machines. */
import type { VectorResult } from "./folder-run.ts";
import type { LeftOut } from "./folders.ts";

/** `passed`, `failed` and `excused` count vectors, each once per form; `results` holds each that ran, in order. */
export interface ConformanceReport {
  readonly baseUrl: string;
  readonly directories: readonly string[];
  /** When the run started, ISO 8601. */
  readonly startedAt: string;
  readonly folders: number;
  readonly vectors: number;
  readonly leftOut: readonly LeftOut[];
  readonly interrupted: boolean;
  readonly elapsedMs: number;
  readonly passed: number;
  readonly failed: number;
  /** Failures that the list of exceptions covers; not among `failed`. */
  readonly excused: number;
  /** Exceptions that passed: the list must lose them before the run can succeed. */
  readonly outdated: readonly string[];
  readonly results: readonly VectorResult[];
}

/** Count the results by what became of them. */
export function countResults(
  results: readonly VectorResult[],
): Pick<ConformanceReport, "passed" | "failed" | "excused"> {
  const failures = results.filter(({ reason }) => reason !== undefined);
  const excused = failures.filter((result) => result.excuse !== undefined).length;
  return { passed: results.length - failures.length, failed: failures.length - excused, excused };
}

/** The exit code of a run that has a report: 0 where all passed or is rightly excused, 1 where not, 130 where interrupted. */
export function exitCodeOf({ interrupted, failed, outdated }: ConformanceReport): number {
  if (interrupted) return 130;
  return failed > 0 || outdated.length > 0 ? 1 : 0;
}

/** What a run takes and what it leaves out, before it starts. */
export function describeSelection(folders: number, vectors: number, leftOut: readonly LeftOut[]): string[] {
  const left = leftOut.map((entry) => `  left out: ${entry.folders} (${entry.reason})`);
  return [`Folders: ${folders}, vectors: ${vectors}`, ...left];
}

function underHeading(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines.map((line) => `  ${line}`)];
}

/** The failures with their reasons, what is excused, then `N passed, N failed` as the last line. */
export function describeReport(report: ConformanceReport): string[] {
  const { results, vectors, passed, failed, excused, outdated } = report;
  const hasForms = new Set(results.map(({ form }) => form)).size > 1;
  const nameOf = ({ case: name, vector, form }: VectorResult): string =>
    hasForms ? `${name} ${vector} ${form}` : `${name} ${vector}`;
  const failures = results.flatMap((result) =>
    result.reason === undefined || result.excuse !== undefined ? [] : [`${nameOf(result)}: ${result.reason}`],
  );
  const excuses = results.flatMap((result) =>
    result.excuse === undefined ? [] : [`${nameOf(result)}: ${result.excuse}`],
  );
  return [
    ...underHeading("Excused:", excuses),
    ...underHeading("Exceptions that no longer hold:", outdated),
    ...underHeading("Failures:", failures),
    ...(report.interrupted ? [`Interrupted after ${results.length} of ${vectors} vectors.`] : []),
    `${passed} passed, ${failed} failed${excused === 0 ? "" : `, ${excused} excused`}`,
  ];
}
