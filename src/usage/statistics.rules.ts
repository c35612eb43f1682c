import type { VersionId } from "../shared/ids.ts";
import { type Histogram, bucketOf, percentile } from "./histogram.rules.ts";
import type { Settlement } from "./ledger.rules.ts";

/** An entry that a settlement has settled, just now and for the only time. */
export interface SettledEntry {
  readonly versionId: VersionId;
  /** When it was admitted. */
  readonly atMs: number;
  readonly settlement: Settlement;
}

/**
 * What is kept of a version: sums, the latest time (`last_used_at_ms`), and counts by detail.
 *
 * The detail is the reason of a `failure`, the bucket of `queue`, `compute` and `cold_start`, and empty otherwise. Times are
 * of inferences that were answered, but `failed_micros`.
 */
export type FigureName =
  | "bytes_in"
  | "bytes_out"
  | "last_used_at_ms"
  | "queue_micros"
  | "compute_micros"
  | "cold_start_micros"
  | "failed_micros"
  | "failure"
  | "queue"
  | "compute"
  | "cold_start";

/** One figure of a version, or what is to be added to it. */
export interface Figure {
  readonly versionId: VersionId;
  readonly name: FigureName;
  readonly detail: string | number;
  readonly amount: number;
}

/** The figure that holds a time: of two the later one stays, where all others add up. */
export const LATEST: FigureName = "last_used_at_ms";

/** How long something took, in microseconds. Percentiles are null where nothing was measured. */
export interface Timing {
  readonly count: number;
  readonly sumMicros: number;
  readonly p50Micros: number | null;
  readonly p95Micros: number | null;
  readonly p99Micros: number | null;
}

/** What a version has done since it was uploaded. */
export interface VersionStatistics {
  /** Answered. */
  readonly inferences: number;
  /** Rejected and failed, by the code of the problem. */
  readonly failures: Readonly<Record<string, number>>;
  readonly failedMicros: number;
  readonly queue: Timing;
  readonly compute: Timing;
  /** Queue and compute together of those that the version had to be started for. */
  readonly coldStart: Timing;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly lastUsedAtMs: number | null;
}

/** Add up what settled entries change, so that each figure is written once. */
export function figuresOf(entries: Iterable<SettledEntry>): Figure[] {
  const figures = new Map<string, Figure>();
  for (const { versionId, atMs, settlement } of entries) {
    for (const [name, detail, amount] of changesOf(settlement, atMs)) {
      const key = `${versionId} ${name} ${detail}`;
      const before = figures.get(key)?.amount ?? 0;
      figures.set(key, {
        versionId,
        name,
        detail,
        amount: name === LATEST ? Math.max(before, amount) : before + amount,
      });
    }
  }
  return [...figures.values()];
}

type Change = readonly [name: FigureName, detail: string | number, amount: number];

function changesOf(settlement: Settlement, atMs: number): Change[] {
  const { outcome, reason, queueMicros, computeMicros, isColdStart, bytesIn, bytesOut } = settlement;
  const elapsedMicros = queueMicros + computeMicros;
  const always: Change[] = [
    ["bytes_in", "", bytesIn],
    ["bytes_out", "", bytesOut],
    [LATEST, "", atMs],
  ];
  if (outcome !== "ok") return [...always, ["failure", reason ?? outcome, 1], ["failed_micros", "", elapsedMicros]];
  always.push(
    ["queue_micros", "", queueMicros],
    ["queue", bucketOf(queueMicros), 1],
    ["compute_micros", "", computeMicros],
    ["compute", bucketOf(computeMicros), 1],
  );
  if (isColdStart) always.push(["cold_start_micros", "", elapsedMicros], ["cold_start", bucketOf(elapsedMicros), 1]);
  return always;
}

/** Read a version's figures as statistics. */
export function statisticsOf(figures: readonly Figure[]): VersionStatistics {
  const named = Map.groupBy(figures, (figure) => figure.name);
  const sum = (name: FigureName): number => named.get(name)?.[0]?.amount ?? 0;
  const counts = (name: FigureName) => (named.get(name) ?? []).map(({ detail, amount }) => [detail, amount] as const);
  const timing = (name: FigureName, sumName: FigureName): Timing => {
    const histogram = new Map(counts(name).map(([detail, amount]) => [Number(detail), amount]));
    return timingOf(histogram, sum(sumName));
  };
  const compute = timing("compute", "compute_micros");
  return {
    inferences: compute.count,
    failures: Object.fromEntries(counts("failure")),
    failedMicros: sum("failed_micros"),
    queue: timing("queue", "queue_micros"),
    compute,
    coldStart: timing("cold_start", "cold_start_micros"),
    bytesIn: sum("bytes_in"),
    bytesOut: sum("bytes_out"),
    lastUsedAtMs: named.get(LATEST)?.[0]?.amount ?? null,
  };
}

function timingOf(histogram: Histogram, sumMicros: number): Timing {
  return {
    count: [...histogram.values()].reduce((total, count) => total + count, 0),
    sumMicros,
    p50Micros: percentile(histogram, 50),
    p95Micros: percentile(histogram, 95),
    p99Micros: percentile(histogram, 99),
  };
}

/** A version with what it has done. */
export interface VersionReport {
  readonly model: string;
  readonly number: number;
  readonly versionId: VersionId;
  readonly statistics: VersionStatistics;
}
