import type { Fleet, RowCosts, Tenant } from "./cost.rules.ts";

/**
 * Rows that the cell writes and reads for one call and its settlement, by how many calls share a trip.
 *
 * Counted in workerd by `rowsWritten` and `rowsRead` of every statement, over 4,096 admissions and as many settlements, each on a
 * trip of its own, on 21 November 2026. Alone, a call writes 11: two rows of the ledger (4 with their index), usage
 * by the minute 3, a token bucket 1, the open entry 2 (it comes and goes), the version's figures 1. An idempotency key costs three
 * more: its claim (2 with its index), and the claim's end, whether or not an answer is kept; a kept answer reads two rows more.
 */
export const ROWS_MEASURED: readonly (RowCosts & { readonly callsPerTrip: number; readonly isKeyed: boolean })[] = [
  { callsPerTrip: 1, isKeyed: false, written: 11, read: 14 },
  { callsPerTrip: 1, isKeyed: true, written: 14, read: 17 },
  { callsPerTrip: 8, isKeyed: false, written: 6.63, read: 9.63 },
  { callsPerTrip: 8, isKeyed: true, written: 9.63, read: 12.63 },
  { callsPerTrip: 64, isKeyed: false, written: 6.08, read: 9.08 },
  { callsPerTrip: 64, isKeyed: true, written: 9.08, read: 12.08 },
  { callsPerTrip: 256, isKeyed: false, written: 6.02, read: 9.02 },
  { callsPerTrip: 256, isKeyed: true, written: 9.02, read: 12.02 },
];

/** A call that shares its trips with nobody. */
export const ROWS_ALONE: RowCosts = { written: 11, read: 14 };
/** A call of a busy tenant, eight to a trip. */
export const ROWS_JOINED: RowCosts = { written: 6.63, read: 9.63 };
/** What a call costs later, measured as above: its hour is told (8 read), and its two rows leave for R2 (deletes are writes). */
export const ROWS_LATER: RowCosts = { written: 2, read: 12 };
/**
 * What a minute with calls costs, of one version and key, however many calls it has; measured as above, but for the alarms.
 *
 * 2 written to tell its hour, 2 for the alarm that is set and set again (Cloudflare counts a row each), 1 for the ledger's head that it writes, and 4 as its usage is merged
 * into the hour's after 32 days. An hour that has been full of such minutes is read by each telling.
 */
const ROWS_PER_MINUTE: RowCosts = { written: 9, read: 150 };

/**
 * What a call takes on disk with its indexes, measured as above: 636 bytes, rounded up. An idempotency key takes 260 more for a day,
 * or 335 and the length of its kept answer.
 */
export const STORED_BYTES_PER_CALL = 640;
/** What it takes in R2, as two lines of gzip; measured over 20 archives of 5,000 rows each: 63 bytes a row. */
const ARCHIVED_BYTES_PER_CALL = 126;
/** Beyond these a cell keeps those of an hour only: 5,000,000 rows of durable-objects/cell-archive.ts, two for each call. */
export const UNCROWDED_CALLS = 2_500_000;

/** What is assumed of every tenant; what is measured says so. */
const EVERYBODY = {
  rows: ROWS_ALONE,
  rowsLater: ROWS_LATER,
  rowsPerMinute: ROWS_PER_MINUTE,
  /** An admission and a settlement, each a trip of its own: so it is below some 50 calls a second in one isolate. */
  tripsPerCall: 2,
  /** Assumed: the commit waits for its replicas. Without them, on two cores, a trip alone took 0.5 to 0.9 ms. */
  tripMs: 10,
  storedBytesPerCall: STORED_BYTES_PER_CALL,
  uncrowdedCalls: UNCROWDED_CALLS,
  archivedBytesPerCall: ARCHIVED_BYTES_PER_CALL,
  /** Two rows of the 5,000 of a full archive. */
  callsPerArchive: 2_500,
  /** Measured at one call in flight: 1.3 ms for HTTP, authentication and admission, of which 0.5 ms are the cell's own part. */
  workerCpuMsPerCall: 1,
  /** Assumed: between MNIST (0.13 ms) and Ultraface (14.5 ms), both measured. */
  isolateCpuMsPerCall: 5,
  /** The retention of the plan `standard`. */
  storedMonths: 3,
  /** Assumed: nothing ever leaves R2, or the hours in D1, so this is the bill of a year's end. */
  keptMonths: 12,
  versionsKept: 2,
  modelMegabytes: 10,
  coldStartsPerDay: 20,
  registryRowsWritten: 50,
  registryBytes: 10_000,
  /** Measured over 2,000 rows of `usage_hours`, its index and its key's included. */
  registryBytesPerHour: 152,
} as const;

/** Three sizes of tenants. The minutes and hours in which they call are assumed. */
export const TENANTS = {
  small: { ...EVERYBODY, callsPerMonth: 1_000, modelsInUse: 1, daysInUse: 10, minutesInUse: 500, hoursInUse: 50 },
  medium: {
    ...EVERYBODY,
    callsPerMonth: 100_000,
    modelsInUse: 2,
    daysInUse: 30,
    minutesInUse: 20_000,
    hoursInUse: 720,
  },
  large: {
    ...EVERYBODY,
    callsPerMonth: 10_000_000,
    modelsInUse: 5,
    daysInUse: 30,
    minutesInUse: 43_200,
    hoursInUse: 720,
  },
} as const satisfies Record<string, Tenant>;

/** Assumed: of a hundred tenants 90 are small, 9 medium and one large. */
export function fleetOf(tenants: number): Fleet {
  return [
    { tenant: TENANTS.small, count: tenants * 0.9 },
    { tenant: TENANTS.medium, count: tenants * 0.09 },
    { tenant: TENANTS.large, count: tenants * 0.01 },
  ];
}
