import { type HourState, type HourTotals, TOTALS } from "./fleet.rules.ts";

/** What a cell says that the registry should know of it by now. */
export interface CellAccount {
  /** The beginning of a day: hours since then are told one by one, all before as one sum. ms since 1970. */
  readonly sinceMs: number;
  /** Hours of which all was told. */
  readonly hours: readonly CellHour[];
  /** Hours of which something was not told yet, of any time. */
  readonly untoldHoursMs: readonly number[];
  readonly older: { readonly totals: HourTotals; readonly toldAtMs: number };
}

/** An hour as its cell has it, with the revision that it told last, and when. */
export interface CellHour extends Omit<HourState, "asOfMs"> {
  /** ms since 1970. */
  readonly toldAtMs: number;
}

/** What the registry knows of a cell: hours since the same day, and the sum of all before. */
export interface RegistryAccount {
  readonly hours: readonly HourState[];
  readonly older: HourTotals;
}

/**
 * How the registry differs from a cell.
 *
 * - `missing`: what the cell told has not arrived in the time that it may take
 * - `different`: the registry has what was told, and other totals
 * - `unknown`: the registry has an hour that the cell knows nothing of
 */
export const DISCREPANCIES = ["missing", "different", "unknown"] as const;
export type DiscrepancyKind = (typeof DISCREPANCIES)[number];

export interface Discrepancy {
  readonly kind: DiscrepancyKind;
  /** ms since 1970; {@link ALL_OLDER} for the sum of all before the hours that are compared one by one. */
  readonly hourMs: number;
  readonly inCell: HourTotals | null;
  readonly inRegistry: HourTotals | null;
}

export const ALL_OLDER = 0;

/** How long what was told may take to arrive, in milliseconds. */
const ARRIVAL_MS = 3_600_000;

/**
 * Compare what a cell has with what the registry was told.
 *
 * The registry must have been read first: then nothing that it has is newer than the cell's word. Hours of which the cell has not
 * told all are left out, and what was told lately may still be on its way.
 */
export function compareAccounts(cell: CellAccount, registry: RegistryAccount, nowMs: number): Discrepancy[] {
  const stored = new Map(registry.hours.map((hour) => [hour.hourMs, hour]));
  const known = new Set([...cell.untoldHoursMs, ...cell.hours.map(({ hourMs }) => hourMs)]);
  const unknown = registry.hours.filter(({ hourMs }) => !known.has(hourMs));
  return [
    ...compareOlder(cell, registry, nowMs),
    ...cell.hours.flatMap((hour) => compareHour(hour, stored.get(hour.hourMs), nowMs)),
    ...unknown.map(({ hourMs, totals }): Discrepancy => {
      return { kind: "unknown", hourMs, inCell: null, inRegistry: totals };
    }),
  ];
}

function compareHour(hour: CellHour, stored: HourState | undefined, nowMs: number): Discrepancy[] {
  const both = { hourMs: hour.hourMs, inCell: hour.totals, inRegistry: stored?.totals ?? null };
  if (!stored || isOlder(stored, hour)) {
    return hour.toldAtMs + ARRIVAL_MS > nowMs ? [] : [{ ...both, kind: "missing" }];
  }
  const isSame = stored.revision === hour.revision && areEqual(hour.totals, stored.totals);
  return isSame ? [] : [{ ...both, kind: "different" }];
}

function compareOlder(cell: CellAccount, registry: RegistryAccount, nowMs: number): Discrepancy[] {
  const { sinceMs, older, untoldHoursMs } = cell;
  const mayChange = older.toldAtMs + ARRIVAL_MS > nowMs || untoldHoursMs.some((hourMs) => hourMs < sinceMs);
  if (mayChange || areEqual(older.totals, registry.older)) return [];
  return [{ kind: "different", hourMs: ALL_OLDER, inCell: older.totals, inRegistry: registry.older }];
}

/** Whether one telling of an hour includes fewer rows of the ledger than another, or fewer refusals, which are no rows. */
function isOlder(one: Pick<HourState, "revision" | "totals">, other: Pick<HourState, "revision" | "totals">): boolean {
  if (one.revision !== other.revision) return one.revision < other.revision;
  return one.totals.refused < other.totals.refused;
}

function areEqual(one: HourTotals, other: HourTotals): boolean {
  return TOTALS.every((name) => one[name] === other[name]);
}
