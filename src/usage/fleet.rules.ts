import type { TenantId } from "../shared/ids.ts";

/** What one hour of a tenant came to: sums over all of it, so that telling them again changes nothing. All integers. */
export interface HourTotals {
  /** Charged inferences. */
  readonly inferences: number;
  readonly pending: number;
  readonly ok: number;
  readonly rejected: number;
  readonly failed: number;
  readonly unsettled: number;
  readonly costMicroUsd: number;
  readonly computeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Refused at admission, whatever the reason. */
  readonly refused: number;
}

/** The names of all totals, in the order in which they are written. */
export const TOTALS = [
  "inferences",
  "pending",
  "ok",
  "rejected",
  "failed",
  "unsettled",
  "costMicroUsd",
  "computeMs",
  "bytesIn",
  "bytesOut",
  "refused",
] as const satisfies readonly (keyof HourTotals)[];

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
