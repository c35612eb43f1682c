import { median, percentile } from "../measure.ts";
import type { Outcome } from "./calls.ts";
import type { Region } from "./regions.ts";

/** What callers of one region saw. Times are of admitted calls, from asking to the answer. */
export interface RegionTimes {
  readonly region: string;
  readonly admitted: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What an all-seeing observer counts. No cell knows it. */
export class Tally {
  readonly #budgetUnits: number;
  readonly #timesMs = new Map<string, number[]>();
  readonly #outcomes = new Map<Outcome, number>();
  #netUnits = 0;
  #maxNetUnits = 0;
  #maxStrandedUnits = 0;
  #messages = 0;

  constructor(budgetUnits: number) {
    this.#budgetUnits = budgetUnits;
  }

  /** A cell has committed a charge: the moment at which a budget can be overspent. */
  charged(): void {
    this.#netUnits += 1;
    this.#maxNetUnits = Math.max(this.#maxNetUnits, this.#netUnits);
  }

  refunded(): void {
    this.#netUnits -= 1;
  }

  messageSent(): void {
    this.#messages += 1;
  }

  stranded(units: number): void {
    this.#maxStrandedUnits = Math.max(this.#maxStrandedUnits, units);
  }

  answered(region: Region, outcome: Outcome, elapsedMs: number): void {
    this.#outcomes.set(outcome, this.count(outcome) + 1);
    if (outcome !== "admitted") return;
    const times = this.#timesMs.get(region.hint) ?? [];
    times.push(elapsedMs);
    this.#timesMs.set(region.hint, times);
  }

  count(outcome: Outcome): number {
    return this.#outcomes.get(outcome) ?? 0;
  }

  /** Charged less refunded, now. */
  get netUnits(): number {
    return this.#netUnits;
  }

  /** How far beyond the budget the tenant was at its worst; 0 when it never was. */
  get overspentUnits(): number {
    return Math.max(0, this.#maxNetUnits - this.#budgetUnits);
  }

  get maxStrandedUnits(): number {
    return this.#maxStrandedUnits;
  }

  /** Messages from regional cells to the home cell. */
  get messages(): number {
    return this.#messages;
  }

  timesOf(region: Region): RegionTimes {
    const times = (this.#timesMs.get(region.hint) ?? []).toSorted((one, other) => one - other);
    const p50Ms = median(times) ?? Number.NaN;
    return { region: region.hint, admitted: times.length, p50Ms, p99Ms: percentile(times, 0.99) };
  }
}
