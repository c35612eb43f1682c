import type { Runtime } from "../models/models.rules.ts";
import type { Outcome } from "./ledger.rules.ts";
import { SPAN_MS } from "./rollup.rules.ts";

/** The lengths of time that usage can be summed over, in UTC. */
export const GRANULARITIES = ["minute", "hour", "day", "month"] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** The least that each takes, in milliseconds: so many intervals a stretch of time may hold. */
export const LEAST_MS: Readonly<Record<Granularity, number>> = { ...SPAN_MS, month: 28 * SPAN_MS.day };

/** Intervals that one question spans at most. */
export const MAX_INTERVALS = 10_000;

/** Rows that one answer holds at most: some 5 MB. */
export const MAX_ROWS = 10_000;

/** What usage can be kept apart by. Versions are numbered within their model, so that `version` keeps models apart too. */
export const DIMENSIONS = ["model", "version", "key", "outcome", "runtime"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What a row is about, as far as it was asked for. Null: what was refused at admission ran on no version and had no outcome. */
export interface UsageGroup {
  /** Empty for a model that the tenant doesn't have. */
  readonly model?: string | null;
  readonly version?: number | null;
  /** The caller's id. */
  readonly key?: string | null;
  readonly outcome?: Outcome | null;
  readonly runtime?: Runtime | null;
}

/** Which part of the ledger is asked for: `fromMs` included, `toMs` excluded. */
export interface UsageQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly granularity: Granularity;
  readonly groupBy: readonly Dimension[];
  /** A version is meaningless without its model. */
  readonly only: UsageGroup;
}

/** What is summed over the ledger's rows, credit left out: so many ended in each outcome, and what they took. */
export const SUMS = [
  "inferences", // charged units: ok, unsettled, and pending
  "pending",
  "ok",
  "rejected",
  "failed",
  "unsettled",
  "costMicroUsd",
  "computeMs",
  "bytesIn",
  "bytesOut",
] as const;
export type UsageSums = Readonly<Record<(typeof SUMS)[number], number>>;

export interface UsageFigures extends UsageSums {
  /** Refused at admission, by reason. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** One interval's figures, of one group where grouped. */
export interface UsageRow extends UsageFigures {
  readonly startMs: number;
  readonly group: UsageGroup;
}

/** A sum over a part of the ledger as its store reads it. */
export type LedgerSum = Omit<UsageRow, "refusals">;

/** Refusals of one reason in one interval. */
export interface RefusalSum {
  readonly startMs: number;
  readonly group: UsageGroup;
  readonly reason: string;
  readonly count: number;
}

/** The cell's answer: the rows of what was asked for, and what they cover; or that they would be more than {@link MAX_ROWS}. */
export type UsageAnswer =
  | { readonly kind: "usage"; readonly fromMs: number; readonly toMs: number; readonly rows: UsageRow[] }
  | { readonly kind: "too-many-rows" };

const NOTHING: UsageFigures = {
  inferences: 0,
  pending: 0,
  ok: 0,
  rejected: 0,
  failed: 0,
  unsettled: 0,
  costMicroUsd: 0,
  computeMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  refusals: {},
};

/** What an answer is grouped by: `version` brings its model along. */
export function dimensionsOf(groupBy: readonly Dimension[]): Dimension[] {
  return DIMENSIONS.filter((name) => groupBy.includes(name) || (name === "model" && groupBy.includes("version")));
}

/** Join what ran and what was refused into one row per interval and group, in order of time, then of the group. */
export function joinUsage(sums: readonly LedgerSum[], refusals: readonly RefusalSum[]): UsageRow[] {
  const rows = new Map<string, UsageRow>();
  for (const sum of sums) rows.set(idOf(sum), { ...sum, refusals: {} });
  for (const refusal of refusals) {
    const { startMs, group, reason, count } = refusal;
    const row = rows.get(idOf(refusal)) ?? { ...NOTHING, startMs, group };
    rows.set(idOf(refusal), { ...row, refusals: { ...row.refusals, [reason]: count } });
  }
  return [...rows.values()].toSorted((a, b) => a.startMs - b.startMs || compareGroups(a.group, b.group));
}

/** Add all rows up. */
export function totalUsage(rows: readonly UsageFigures[]): UsageFigures {
  const total: Record<(typeof SUMS)[number], number> = { ...NOTHING };
  const refusals: Record<string, number> = {};
  for (const row of rows) {
    for (const name of SUMS) total[name] += row[name];
    for (const [reason, count] of Object.entries(row.refusals)) refusals[reason] = (refusals[reason] ?? 0) + count;
  }
  return { ...total, refusals };
}

function idOf({ startMs, group }: Pick<UsageRow, "startMs" | "group">): string {
  return JSON.stringify([startMs, ...DIMENSIONS.map((name) => group[name])]);
}

/** Null comes before everything, numbers in their order, text in that of its characters. */
function compareGroups(a: UsageGroup, b: UsageGroup): number {
  for (const name of DIMENSIONS) {
    const [one, other] = [a[name] ?? "", b[name] ?? ""];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
