/** The lengths of time that usage can be summed over, in milliseconds. */
export const GRANULARITY_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
export type Granularity = keyof typeof GRANULARITY_MS;
export const GRANULARITIES = ["minute", "hour", "day"] as const satisfies readonly Granularity[];

/** Intervals that one answer holds at most. */
export const MAX_INTERVALS = 10_000;

/** Which part of the ledger is asked for: `fromMs` included, `toMs` excluded. */
export interface UsageQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly granularity: Granularity;
  readonly groupByModel: boolean;
}

/** Sums over ledger entries. */
export interface UsageFigures {
  /** Charged inferences. */
  readonly inferences: number;
  /** Admitted, then refused by the codec or the model; not charged. */
  readonly rejected: number;
  /** Failed on our side; refunded. */
  readonly failed: number;
  readonly computeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Refused at admission, by reason. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** One interval's figures, of one model where grouped by model. */
export interface UsageRow extends UsageFigures {
  readonly startMs: number;
  readonly model: string | undefined;
}

/** A sum over a part of the ledger as its store reads it. */
export type LedgerSum = Omit<UsageRow, "refusals">;

/** Refusals of one reason in one interval. */
export interface RefusalSum {
  readonly startMs: number;
  readonly model: string | undefined;
  readonly reason: string;
  readonly count: number;
}

const NOTHING: UsageFigures = {
  inferences: 0,
  rejected: 0,
  failed: 0,
  computeMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  refusals: {},
};

/** Join what ran and what was refused into one row per interval and model, in order of time, then of model. */
export function joinUsage(sums: readonly LedgerSum[], refusals: readonly RefusalSum[]): UsageRow[] {
  const rows = new Map<string, UsageRow>();
  const keyOf = (row: { startMs: number; model: string | undefined }): string => `${row.startMs} ${row.model ?? ""}`;
  for (const sum of sums) rows.set(keyOf(sum), { ...sum, refusals: {} });
  for (const refusal of refusals) {
    const { startMs, model } = refusal;
    const row = rows.get(keyOf(refusal)) ?? { ...NOTHING, startMs, model };
    rows.set(keyOf(refusal), { ...row, refusals: { ...row.refusals, [refusal.reason]: refusal.count } });
  }
  return [...rows.values()].toSorted((a, b) => a.startMs - b.startMs || (a.model ?? "").localeCompare(b.model ?? ""));
}

/** Add all rows up. */
export function totalUsage(rows: readonly UsageFigures[]): UsageFigures {
  return rows.reduce((total, row) => {
    const refusals = { ...total.refusals };
    for (const [reason, count] of Object.entries(row.refusals)) refusals[reason] = (refusals[reason] ?? 0) + count;
    return {
      inferences: total.inferences + row.inferences,
      rejected: total.rejected + row.rejected,
      failed: total.failed + row.failed,
      computeMs: total.computeMs + row.computeMs,
      bytesIn: total.bytesIn + row.bytesIn,
      bytesOut: total.bytesOut + row.bytesOut,
      refusals,
    };
  }, NOTHING);
}
