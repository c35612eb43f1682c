import type { TenantId } from "../shared/ids.ts";
import { SUMS } from "./usage.rules.ts";

/** The names of all totals, in the order in which they are written. */
export const TOTALS = [
  ...SUMS,
  "refused", // at admission, whatever the reason
] as const;

/** What one hour of a tenant came to: sums over all of it, so that telling them again changes nothing. All integers. */
export type HourTotals = Readonly<Record<(typeof TOTALS)[number], number>>;

/** One hour's totals, and of when they are. */
export interface HourState {
  /** When the hour began, ms since 1970. */
  readonly hourMs: number;
  /** The number of the last row of the ledger that they include. Of two tellings, the one that includes more is the newer. */
  readonly revision: number;
  /** When they were summed, ms since 1970. */
  readonly asOfMs: number;
  readonly totals: HourTotals;
}

/** What a cell tells the registry of an hour that changed: the message on the queue. */
export interface ToldHour extends HourState {
  readonly tenantId: TenantId;
}
