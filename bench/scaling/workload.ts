import type { Fleet, RowCosts, Tenant } from "./cost.rules.ts";

/**
 * Rows that the cell writes and reads for one call and its settlement, by how many calls share a trip.
 *
 * Counted in workerd by `rowsWritten` and `rowsRead` of every statement, over 4,096 admissions and settlements each, on
 * 21 November 2026. Alone, an admission writes 4 (ledger, two of its indexes, token bucket) and its settlement 8 (ledger, seven
 * figures of the version's statistics). An idempotency key costs one more each.
 */
export const ROWS_MEASURED: readonly (RowCosts & { readonly callsPerTrip: number; readonly isKeyed: boolean })[] = [
  { callsPerTrip: 1, isKeyed: false, written: 12, read: 13 },
  { callsPerTrip: 1, isKeyed: true, written: 14, read: 13 },
  { callsPerTrip: 8, isKeyed: false, written: 6.13, read: 7.13 },
  { callsPerTrip: 64, isKeyed: true, written: 6.72, read: 5.72 },
  { callsPerTrip: 256, isKeyed: true, written: 6.24, read: 5.24 },
];

/** A call that shares its trip with nobody. */
export const ROWS_ALONE: RowCosts = { written: 11, read: 12 };
/** A call of a busy tenant, eight to a trip. */
export const ROWS_JOINED: RowCosts = { written: 6.63, read: 7.63 };

/** What a ledger entry takes on disk with its indexes, measured as above: 219 bytes, 315 with an idempotency key. */
export const STORED_BYTES_PER_CALL = 640;

/** What is assumed of every tenant; what is measured says so. */
const EVERYBODY = {
  rows: ROWS_ALONE,
  /** An admission and a settlement, each a trip of its own: so it is below some 50 calls a second in one isolate. */
  tripsPerCall: 2,
  /** Assumed: the commit waits for its replicas. Without them, on two cores, a trip alone took 0.5 to 0.9 ms. */
  tripMs: 10,
  storedBytesPerCall: STORED_BYTES_PER_CALL,
  /** Measured at one call in flight: 0.73 ms for HTTP, authentication and admission, the cell's own part included. */
  workerCpuMsPerCall: 1,
  /** Assumed: between MNIST (0.13 ms) and Ultraface (14.5 ms), both measured. */
  isolateCpuMsPerCall: 5,
  /** Assumed: today entries stay for good, and a large tenant's cell is full after 4½ months. */
  storedMonths: 3,
  versionsKept: 2,
  modelMegabytes: 10,
  coldStartsPerDay: 20,
  /** Assumed: webhooks and roll-ups, one for a thousand calls and at least a hundred. */
  eventsPerMonth: 100,
  registryRowsWritten: 50,
  registryBytes: 10_000,
} as const;

/** Three sizes of tenants. */
export const TENANTS = {
  small: { ...EVERYBODY, callsPerMonth: 1_000, modelsInUse: 1, daysInUse: 10 },
  medium: { ...EVERYBODY, callsPerMonth: 100_000, modelsInUse: 2, daysInUse: 30 },
  large: { ...EVERYBODY, callsPerMonth: 10_000_000, modelsInUse: 5, daysInUse: 30, eventsPerMonth: 10_000 },
} as const satisfies Record<string, Tenant>;

/** Assumed: of a hundred tenants 90 are small, 9 medium and one large. */
export function fleetOf(tenants: number): Fleet {
  return [
    { tenant: TENANTS.small, count: tenants * 0.9 },
    { tenant: TENANTS.medium, count: tenants * 0.09 },
    { tenant: TENANTS.large, count: tenants * 0.01 },
  ];
}
