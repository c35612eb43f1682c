import { type Item, PRICES, type Price } from "./price-list.ts";

/** Rows of SQLite for one call and its settlement. */
export interface RowCosts {
  readonly written: number;
  readonly read: number;
}

/** What one tenant does in a month of 30 days. */
export interface Tenant {
  readonly callsPerMonth: number;
  readonly rows: RowCosts;
  /** RPCs to the cell for one call: 2 where it shares none, less where it does. */
  readonly tripsPerCall: number;
  /** How long the cell is at work for one trip. */
  readonly tripMs: number;
  readonly storedBytesPerCall: number;
  /** How many months of the ledger the cell holds. */
  readonly storedMonths: number;
  readonly workerCpuMsPerCall: number;
  readonly isolateCpuMsPerCall: number;
  /** Models that are called, each on so many days a month; a model's version is one Dynamic Worker a day. */
  readonly modelsInUse: number;
  readonly daysInUse: number;
  readonly coldStartsPerDay: number;
  readonly versionsKept: number;
  readonly modelMegabytes: number;
  readonly eventsPerMonth: number;
  readonly registryRowsWritten: number;
  readonly registryBytes: number;
}

/** Tenants, so many of each kind. */
export type Fleet = readonly { readonly tenant: Tenant; readonly count: number }[];

/** Quantities by item of the price list. */
export type Usage = Readonly<Record<Item, number>>;

/** Memory that a Durable Object is billed for, in GB. */
const CELL_GB = 0.128;
/** To write, to read and to delete a message. */
const OPERATIONS_PER_EVENT = 3;

/** What one tenant uses in a month. */
export function usageOf(tenant: Tenant): Usage {
  const { callsPerMonth: calls, modelsInUse, daysInUse } = tenant;
  const trips = calls * tenant.tripsPerCall;
  const files = modelsInUse * tenant.versionsKept;
  return {
    workerRequests: calls,
    workerCpuMs: calls * tenant.workerCpuMsPerCall,
    isolateDays: modelsInUse * daysInUse,
    isolateRequests: calls,
    isolateCpuMs: calls * tenant.isolateCpuMsPerCall,
    cellRequests: trips,
    cellGbSeconds: (trips * tenant.tripMs * CELL_GB) / 1000,
    cellRowsRead: calls * tenant.rows.read,
    cellRowsWritten: calls * tenant.rows.written,
    cellStoredGb: (calls * tenant.storedMonths * tenant.storedBytesPerCall) / 1e9,
    registryRowsRead: modelsInUse * daysInUse * 10, // a cell that wakes without its copy; at most once a day
    registryRowsWritten: tenant.registryRowsWritten,
    registryStoredGb: tenant.registryBytes / 1e9,
    fileStoredGb: (files * tenant.modelMegabytes) / 1e3,
    fileWrites: files,
    fileReads: modelsInUse * daysInUse * tenant.coldStartsPerDay,
    queueOperations: tenant.eventsPerMonth * OPERATIONS_PER_EVENT,
  };
}

/** What a fleet uses in a month. */
export function usageOfFleet(fleet: Fleet): Usage {
  const usages = fleet.map(({ tenant, count }) => ({ usage: usageOf(tenant), count }));
  return mapItems((item) => usages.reduce((sum, { usage, count }) => sum + usage[item] * count, 0));
}

/** US dollars for a quantity, beyond what is included. */
export function usdFor({ included, usd, per }: Price, quantity: number): number {
  return (Math.max(0, quantity - included) * usd) / per;
}

/** US dollars a month by item, with what the plan includes taken off once. */
export function billOf(usage: Usage): Usage {
  return mapItems((item) => usdFor(PRICES[item], usage[item]));
}

/** US dollars a month by item for one tenant more, where the included quantities have long been used up. */
export function marginalBillOf(usage: Usage): Usage {
  return mapItems((item) => (usage[item] * PRICES[item].usd) / PRICES[item].per);
}

/** The sum of a bill. */
export function totalOf(bill: Usage): number {
  return Object.values(bill).reduce((sum, usd) => sum + usd, 0);
}

function mapItems(figure: (item: Item) => number): Usage {
  return {
    workerRequests: figure("workerRequests"),
    workerCpuMs: figure("workerCpuMs"),
    isolateDays: figure("isolateDays"),
    isolateRequests: figure("isolateRequests"),
    isolateCpuMs: figure("isolateCpuMs"),
    cellRequests: figure("cellRequests"),
    cellGbSeconds: figure("cellGbSeconds"),
    cellRowsRead: figure("cellRowsRead"),
    cellRowsWritten: figure("cellRowsWritten"),
    cellStoredGb: figure("cellStoredGb"),
    registryRowsRead: figure("registryRowsRead"),
    registryRowsWritten: figure("registryRowsWritten"),
    registryStoredGb: figure("registryStoredGb"),
    fileStoredGb: figure("fileStoredGb"),
    fileWrites: figure("fileWrites"),
    fileReads: figure("fileReads"),
    queueOperations: figure("queueOperations"),
  };
}

/** A tenant whose load is beyond one cell. */
export interface BusyTenant {
  readonly callsPerSecond: number;
  readonly workerCpuMsPerCall: number;
  /** The share of its one thread that an isolate is kept busy; 0 to 1. */
  readonly isolateLoad: number;
  /** From asking the cell to its answer, the wait for company included. */
  readonly tripMs: number;
  /** What one cell admits with so many to a trip; measured. */
  readonly callsPerSecondOfCell: number;
  readonly tripsPerSecondOfCell: number;
  readonly storedBytesPerCall: number;
  readonly storedBytesOfCell: number;
}

/** What such a load takes. */
export interface BusyPlan {
  readonly isolates: number;
  readonly tripsPerSecond: number;
  readonly callsPerTrip: number;
  readonly cells: number;
  /** Until the first cell's database is full, in hours, if nothing is ever taken out. */
  readonly hoursUntilFull: number;
}

/**
 * How many cells a load needs.
 *
 * isolates = callsPerSecond · CPU seconds a call / load
 * tripsPerSecond = isolates / trip seconds, as each isolate has one trip to a tenant's cells under way
 * cells = the more of trips / trips of a cell and calls / calls of a cell
 */
export function planFor(busy: BusyTenant): BusyPlan {
  const isolates = Math.ceil((busy.callsPerSecond * busy.workerCpuMsPerCall) / 1000 / busy.isolateLoad);
  const tripsPerSecond = Math.min(busy.callsPerSecond, isolates / (busy.tripMs / 1000));
  const byTrips = Math.ceil(tripsPerSecond / busy.tripsPerSecondOfCell);
  const byCalls = Math.ceil(busy.callsPerSecond / busy.callsPerSecondOfCell);
  const cells = Math.max(byTrips, byCalls);
  const bytesPerSecond = (busy.callsPerSecond * busy.storedBytesPerCall) / cells;
  return {
    isolates,
    tripsPerSecond,
    callsPerTrip: busy.callsPerSecond / tripsPerSecond,
    cells,
    hoursUntilFull: busy.storedBytesOfCell / bytesPerSecond / 3600,
  };
}
