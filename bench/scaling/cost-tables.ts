import {
  type BusyTenant,
  type Tenant,
  billOf,
  marginalBillOf,
  planFor,
  totalOf,
  usageOf,
  usageOfFleet,
} from "./cost.rules.ts";
import { quantity, thousands, usd } from "./figures.ts";
import { inputsTable, pricesTable, rowsTable } from "./input-tables.ts";
import { type NamedTable, left, right } from "./named-table.ts";
import { CELL_LIMITS, ITEMS, PLAN_USD, PRICES } from "./price-list.ts";
import { CELL_REGIONS, WITHIN_REGION_MS } from "./regions.ts";
import { reportsPerSecond } from "./scale-out.ts";
import {
  ROWS_ALONE,
  ROWS_JOINED,
  ROWS_LATER,
  STORED_BYTES_PER_CALL,
  TENANTS,
  UNCROWDED_CALLS,
  fleetOf,
} from "./workload.ts";

const SECONDS_PER_MONTH = 30 * 86_400;
const FLEETS = [10_000, 100_000];

/** One tenant more. */
function tenantsTable(): NamedTable {
  const rows = Object.entries(TENANTS).map(([name, tenant]: [string, Tenant]) => {
    const usage = usageOf(tenant);
    const bill = marginalBillOf(usage);
    const total = totalOf(bill);
    const most = ITEMS.reduce((one, other) => (bill[other] > bill[one] ? other : one));
    return [
      name,
      quantity(tenant.callsPerMonth),
      quantity(usage.cellRowsWritten),
      quantity(usage.cellStoredGb * 1000),
      usd(total),
      usd((total / tenant.callsPerMonth) * 1e6),
      `${PRICES[most].label}, ${((bill[most] / total) * 100).toFixed(0)} %`,
    ];
  });
  const heads = ["calls a month", "rows written a month", "ledger in the cell, MB", "US $ a month"];
  const columns = [left("tenant"), ...heads.map(right), right("US $ per million calls"), left("most of it")];
  return { name: "tenants", title: "One tenant more, nothing included", columns, rows };
}

/** What fleets use and cost, item by item. */
function fleetsTable(): NamedTable {
  const fleets = FLEETS.map((tenants) => usageOfFleet(fleetOf(tenants)));
  const bills = fleets.map(billOf);
  const rows = ITEMS.map((item) => [
    PRICES[item].label,
    PRICES[item].unit,
    ...fleets.flatMap((usage, index) => [quantity(usage[item]), usd(bills[index]?.[item] ?? Number.NaN)]),
  ]);
  const totals = bills.map((bill) => totalOf(bill) + PLAN_USD);
  rows.push(["all, with the plan", "", ...totals.flatMap((total) => ["", usd(total)])]);
  rows.push(["a tenant", "", ...totals.flatMap((total, index) => ["", usd(total / (FLEETS[index] ?? 1))])]);
  const heads = FLEETS.flatMap((tenants) => [`${thousands(tenants)} tenants`, "US $ a month"]);
  const columns = [left("item"), left("unit"), ...heads.map(right)];
  return { name: "fleets", title: "Fleets", columns, rows };
}

/** What fewer rows a call would save. */
function leversTable(): NamedTable {
  const measured = ROWS_ALONE.written;
  const levers: readonly (readonly [string, number])[] = [
    ["as measured", measured],
    ["usage is counted at the settlement alone; what is pending, open entries tell", measured - 2],
    ["and no index by entry: an entry's id tells its time, and rows stand in the order of theirs", measured - 4],
  ];
  const rows = levers.map(([what, written]) => {
    const totals = FLEETS.map((tenants) => {
      const fleet = fleetOf(tenants).map(({ tenant, count }) => {
        return { tenant: { ...tenant, rows: { ...ROWS_ALONE, written } }, count };
      });
      return usd(totalOf(billOf(usageOfFleet(fleet))) + PLAN_USD);
    });
    return [what, String(written + ROWS_LATER.written), ...totals];
  });
  const heads = ["rows a call in its life", ...FLEETS.map((tenants) => `${thousands(tenants)} tenants, US $ a month`)];
  return { name: "levers", title: "Fewer rows", columns: [left("what"), ...heads.map(right)], rows };
}

/** A tenant whose calls one cell can't take. The rates of one cell are measured; see docs/scaling.md. */
function busy(callsPerSecond: number): BusyTenant {
  return {
    callsPerSecond,
    workerCpuMsPerCall: 1,
    isolateLoad: 0.5,
    tripMs: WITHIN_REGION_MS + 2 + 1, // the way, the commit, the wait for company
    callsPerSecondOfCell: 6_600, // 140 to 150 µs of processor time an admission at 8 in flight, measured
    tripsPerSecondOfCell: CELL_LIMITS.tripsPerSecond,
    storedBytesPerCall: STORED_BYTES_PER_CALL,
    storedBytesOfCell: CELL_LIMITS.storedBytes,
    uncrowdedCalls: UNCROWDED_CALLS,
  };
}

/** From the load that one cell takes to 50,000 calls a second. */
function busyTable(): NamedTable {
  const rows = [100, 1_000, 5_000, 50_000].map((callsPerSecond) => {
    const plan = planFor(busy(callsPerSecond));
    const tenant: Tenant = {
      ...TENANTS.large,
      callsPerMonth: callsPerSecond * SECONDS_PER_MONTH,
      rows: plan.callsPerTrip < 2 ? ROWS_ALONE : ROWS_JOINED,
      tripsPerCall: plan.callsPerTrip < 2 ? 2 : 1 / plan.callsPerTrip,
    };
    const bill = marginalBillOf(usageOf(tenant));
    const total = totalOf(bill);
    return [
      thousands(callsPerSecond),
      thousands(plan.isolates),
      thousands(plan.tripsPerSecond),
      plan.callsPerTrip.toFixed(1),
      String(plan.cells),
      (plan.storedBytes / 1e9).toFixed(1),
      usd(total),
      `${((bill.cellRowsWritten / total) * 100).toFixed(0)} %`,
    ];
  });
  const heads = ["isolates", "trips/s", "calls a trip", "cells", "ledger in each, GB", "US $ a month"];
  const columns = [right("calls/s"), ...heads.map(right), right("of it rows written")];
  return { name: "busy", title: "One tenant, one region, steady load", columns, rows };
}

/** What reports between the home cell and the others cost a tenant that calls everywhere, day and night. */
function reportsTable(): NamedTable {
  const perSecond = reportsPerSecond();
  const reports = perSecond * SECONDS_PER_MONTH;
  const rowsWritten = 2 * reports; // an account at each end
  const requestUsd = (reports * PRICES.cellRequests.usd) / PRICES.cellRequests.per;
  const rowsUsd = (rowsWritten * PRICES.cellRowsWritten.usd) / PRICES.cellRowsWritten.per;
  const row = [String(CELL_REGIONS.length), perSecond.toFixed(1), quantity(reports), quantity(rowsWritten)];
  const heads = ["reports/s", "RPCs a month", "rows written a month", "US $ a month"];
  const columns = [right("regions beside home"), ...heads.map(right)];
  return { name: "reports", title: "What regions cost", columns, rows: [[...row, usd(requestUsd + rowsUsd)]] };
}

/** All tables about money, in the order of the document. */
export function costTables(): NamedTable[] {
  return [
    rowsTable(),
    inputsTable(),
    pricesTable(),
    tenantsTable(),
    fleetsTable(),
    leversTable(),
    busyTable(),
    reportsTable(),
  ];
}
