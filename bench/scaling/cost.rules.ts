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
  /** What a call costs after its settlement. */
  readonly rowsLater: RowCosts;
  /** What a minute with calls costs. */
  readonly rowsPerMinute: RowCosts;
  /** RPCs to the cell for one call: 2 where it shares none, less where it does. */
  readonly tripsPerCall: number;
  /** How long the cell is at work for one trip. */
  readonly tripMs: number;
  readonly storedBytesPerCall: number;
  /** How many months the cell holds a call's rows. */
  readonly storedMonths: number;
  /** How many calls it holds at most before it keeps those of an hour only. */
  readonly uncrowdedCalls: number;
  readonly archivedBytesPerCall: number;
  readonly callsPerArchive: number;
  /** How many months there have been of what is kept for good. */
  readonly keptMonths: number;
  readonly workerCpuMsPerCall: number;
  readonly isolateCpuMsPerCall: number;
  /** Models that are called, each on so many days a month; a model's version is one Dynamic Worker a day. */
  readonly modelsInUse: number;
  readonly daysInUse: number;
  /** Minutes and hours of the month in which there are calls: each minute is told once, each hour is a row of D1. */
  readonly minutesInUse: number;
  readonly hoursInUse: number;
  readonly coldStartsPerDay: number;
  readonly versionsKept: number;
  readonly modelMegabytes: number;
  readonly registryRowsWritten: number;
  readonly registryBytes: number;
  readonly registryBytesPerHour: number;
}

/** Tenants, so many of each kind. */
export type Fleet = readonly { readonly tenant: Tenant; readonly count: number }[];

/** Quantities by item of the price list. */
export type Usage = Readonly<Record<Item, number>>;

/** Memory that a Durable Object is billed for, in GB. */
const CELL_GB = 0.128;
/** To write, to read and to delete a message. */
const OPERATIONS_PER_MESSAGE = 3;
/** An hour's row of D1 and its entries in two indexes; a telling after the first writes one row, and is none of these. */
const INDEXED_ROWS_PER_HOUR = 2;
const HOURS_PER_MONTH = 720;

/** What one tenant uses in a month. */
export function usageOf(tenant: Tenant): Usage {
  const { callsPerMonth: calls, modelsInUse, daysInUse, minutesInUse, hoursInUse, keptMonths } = tenant;
  const requests = calls * tenant.tripsPerCall + minutesInUse; // each minute's end is told by an alarm
  const rowsOf = (kind: keyof RowCosts): number =>
    calls * (tenant.rows[kind] + tenant.rowsLater[kind]) + minutesInUse * tenant.rowsPerMinute[kind];
  const files = modelsInUse * tenant.versionsKept;
  const archives = Math.max(daysInUse, calls / tenant.callsPerArchive);
  const archivedBytes = calls * keptMonths * tenant.archivedBytesPerCall;
  return {
    workerRequests: calls,
    workerCpuMs: calls * tenant.workerCpuMsPerCall,
    isolateDays: modelsInUse * daysInUse,
    isolateRequests: calls,
    isolateCpuMs: calls * tenant.isolateCpuMsPerCall,
    cellRequests: requests,
    cellGbSeconds: (requests * tenant.tripMs * CELL_GB) / 1000,
    cellRowsRead: rowsOf("read"),
    cellRowsWritten: rowsOf("written"),
    cellStoredGb: (callsHeld(tenant) * tenant.storedBytesPerCall) / 1e9,
    registryRowsRead: modelsInUse * daysInUse * 10 + 2 * minutesInUse, // a cell that wakes without its copy; an hour to replace
    registryRowsWritten: tenant.registryRowsWritten + minutesInUse + INDEXED_ROWS_PER_HOUR * hoursInUse,
    registryStoredGb: (tenant.registryBytes + hoursInUse * keptMonths * tenant.registryBytesPerHour) / 1e9,
    fileStoredGb: (files * tenant.modelMegabytes) / 1e3 + archivedBytes / 1e9,
    fileWrites: files + archives,
    fileReads: modelsInUse * daysInUse * tenant.coldStartsPerDay,
    queueOperations: minutesInUse * OPERATIONS_PER_MESSAGE,
  };
}

/** The calls whose rows lie in the cell: those of the retention, or where they would be too many, those of the last hour. */
function callsHeld({ callsPerMonth, storedMonths, uncrowdedCalls }: Tenant): number {
  return Math.min(callsPerMonth * storedMonths, Math.max(uncrowdedCalls, callsPerMonth / HOURS_PER_MONTH));
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
  /** How many calls a cell holds before it keeps those of an hour only. */
  readonly uncrowdedCalls: number;
}

/** What such a load takes. */
export interface BusyPlan {
  readonly isolates: number;
  readonly tripsPerSecond: number;
  readonly callsPerTrip: number;
  readonly cells: number;
  /** What lies in the database of each. */
  readonly storedBytes: number;
}

/**
 * How many cells a load needs.
 *
 * isolates = callsPerSecond · CPU seconds a call / load
 * tripsPerSecond = isolates / trip seconds, as each isolate has one trip to a tenant's cells under way
 * cells = the most of trips / trips of a cell, calls / calls of a cell, and an hour's bytes / bytes of a cell
 */
export function planFor(busy: BusyTenant): BusyPlan {
  const isolates = Math.ceil((busy.callsPerSecond * busy.workerCpuMsPerCall) / 1000 / busy.isolateLoad);
  const tripsPerSecond = Math.min(busy.callsPerSecond, isolates / (busy.tripMs / 1000));
  const byTrips = Math.ceil(tripsPerSecond / busy.tripsPerSecondOfCell);
  const byCalls = Math.ceil(busy.callsPerSecond / busy.callsPerSecondOfCell);
  const callsPerHour = busy.callsPerSecond * 3_600;
  const byBytes = Math.ceil((callsPerHour * busy.storedBytesPerCall) / busy.storedBytesOfCell);
  const cells = Math.max(byTrips, byCalls, byBytes);
  return {
    isolates,
    tripsPerSecond,
    callsPerTrip: busy.callsPerSecond / tripsPerSecond,
    cells,
    storedBytes: Math.max(busy.uncrowdedCalls, callsPerHour / cells) * busy.storedBytesPerCall,
  };
}
