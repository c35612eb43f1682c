/** The figures of a run, and what its checks came to. */
import type { Check } from "./account.ts";
import type { Blows } from "./blows.ts";
import type { CallRecord } from "./call-record.ts";
import type { LedgerRow } from "./ledger.ts";
import type { Tally } from "./tally.ts";

export interface TortureReport {
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
}

/** A number with its name. */
export interface Figure {
  readonly name: string;
  readonly count: number;
}

/** What a run counted. */
export interface Counted {
  readonly records: readonly CallRecord[];
  readonly tally: Tally;
  readonly blows: Pick<Blows, "kills" | "evictions" | "faults">;
  readonly ledger: readonly LedgerRow[];
  readonly seconds: number;
}

/** Differences of a check that are shown; the JSON holds all. */
const SHOWN = 5;

/** All figures of a run, in the order in which they are read. */
export function figuresOf({ records, tally, blows, ledger, seconds }: Counted): Figure[] {
  const repeats = (kind: string): number => records.filter(({ plan }) => plan.repeat?.kind === kind).length;
  const kinds = ["in-flight", "answered", "lost"] as const;
  const repeated = kinds.reduce((sum, kind) => sum + repeats(kind), 0);
  const ends = [...tally.ends].toSorted(([one], [other]) => one.localeCompare(other));
  return [
    { name: "requests", count: records.length + repeated },
    { name: "of them first ones", count: records.length },
    { name: "repeats while the first was under way", count: repeats("in-flight") },
    { name: "repeats after the first was answered", count: repeats("answered") },
    { name: "repeats after the answer was lost", count: repeats("lost") },
    { name: "retries", count: tally.retries },
    { name: "seconds", count: Math.round(seconds) },
    { name: "kills of workerd", count: blows.kills },
    { name: "evictions of a cell", count: blows.evictions },
    { name: "answers of cells dropped, at least", count: blows.faults.dropped },
    { name: "answers of cells delayed, at least", count: blows.faults.delayed },
    ...ends.map(([end, count]) => ({ name: `ended with ${end}`, count })),
    { name: "answers replayed", count: tally.replayed },
    { name: "calls answered", count: records.filter(({ successes }) => successes.length > 0).length },
    { name: "calls rejected", count: records.filter(({ rejections }) => rejections > 0).length },
    {
      name: "calls refused or rejected, their charge in doubt",
      count: records.filter(({ isDoubtful }) => isDoubtful).length,
    },
    { name: "charges", count: ledger.filter(({ kind }) => kind === "charge").length },
    { name: "charges given back", count: ledger.filter(({ units }) => units < 0).length },
    { name: "charges that nobody settled", count: ledger.filter(({ outcome }) => outcome === "unsettled").length },
  ];
}

/** How many things differ, all checks together. */
export function countDifferences({ checks }: TortureReport): number {
  return checks.reduce((sum, { differences }) => sum + differences.length, 0);
}

/** The report, one line each. */
export function describeReport(report: TortureReport): string[] {
  const { figures, checks } = report;
  const width = Math.max(...[...figures, ...checks].map(({ name }) => name.length));
  const line = (name: string, count: number): string => `${name.padEnd(width)} ${formatCount(count).padStart(9)}`;
  const differences = countDifferences(report);
  return [
    ...figures.map(({ name, count }) => line(name, count)),
    "",
    ...checks.flatMap(({ name, looked, differences: found }) => [
      `${markOf(looked, found.length)} ${line(name, looked)} looked at, ${formatCount(found.length)} differ`,
      ...found.slice(0, SHOWN).map((difference) => `    ${difference}`),
      ...(found.length > SHOWN ? [`    … and ${formatCount(found.length - SHOWN)} more`] : []),
    ]),
    "",
    differences === 0 ? "Every call was counted exactly once." : `${formatCount(differences)} differences`,
  ];
}

/** A check that has looked at nothing has shown nothing. */
function markOf(looked: number, differences: number): string {
  if (differences > 0) return "✗";
  return looked === 0 ? "–" : "✓";
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
