/** What a run found, for people and for machines. */
import type { VectorResult } from "./folder-run.ts";
import type { LeftOut } from "./folders.ts";

/** `passed` and `failed` count vectors; `results` holds each that ran, ordered as the folders are. */
export interface ConformanceReport {
  readonly baseUrl: string;
  readonly directory: string;
  readonly folders: number;
  readonly vectors: number;
  readonly leftOut: readonly LeftOut[];
  readonly interrupted: boolean;
  readonly elapsedMs: number;
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly VectorResult[];
}

/** What a run takes and what it leaves out, before it starts. */
export function describeSelection(folders: number, vectors: number, leftOut: readonly LeftOut[]): string[] {
  const left = leftOut.map((entry) => `  left out: ${entry.folders} (${entry.reason})`);
  return [`Folders: ${folders}, vectors: ${vectors}`, ...left];
}

/** The failures with their reasons, then `N passed, N failed` as the last line. */
export function describeReport(report: ConformanceReport): string[] {
  const { results, vectors, passed, failed } = report;
  const failures = results.flatMap(({ case: name, vector, reason }) =>
    reason === undefined ? [] : [`  ${name} ${vector}: ${reason}`],
  );
  return [
    ...(failures.length === 0 ? [] : ["Failures:", ...failures]),
    ...(report.interrupted ? [`Interrupted after ${results.length} of ${vectors} vectors.`] : []),
    `${passed} passed, ${failed} failed`,
  ];
}
