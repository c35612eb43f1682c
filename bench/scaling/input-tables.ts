import type { Tenant } from "./cost.rules.ts";
import { quantity, usd } from "./figures.ts";
import { type NamedTable, left, right } from "./named-table.ts";
import { ITEMS, PRICES } from "./price-list.ts";
import { ROWS_MEASURED, TENANTS } from "./workload.ts";

/** The price list. */
export function pricesTable(): NamedTable {
  const rows = ITEMS.map((item) => {
    const { label, unit, included, usd: price, per } = PRICES[item];
    return [label, unit, quantity(included), `${price} per ${per === 1 ? "unit" : "million"}`];
  });
  const columns = [left("item"), left("unit"), right("included a month"), right("US $ beyond")];
  return { name: "prices", title: "Prices", columns, rows };
}

/** What is assumed of tenants. */
export function inputsTable(): NamedTable {
  const rowOf = (head: string, figure: (tenant: Tenant) => number): string[] => [
    head,
    ...Object.values(TENANTS).map((tenant: Tenant) => quantity(figure(tenant))),
  ];
  const rows = [
    rowOf("calls a month", ({ callsPerMonth }) => callsPerMonth),
    rowOf("models called", ({ modelsInUse }) => modelsInUse),
    rowOf("days a month on which they are", ({ daysInUse }) => daysInUse),
    rowOf("versions kept of each", ({ versionsKept }) => versionsKept),
    rowOf("size of a version, MB", ({ modelMegabytes }) => modelMegabytes),
    rowOf("cold starts of a model a day", ({ coldStartsPerDay }) => coldStartsPerDay),
    rowOf("hours in which they are", ({ hoursInUse }) => hoursInUse),
    rowOf("minutes in which they are", ({ minutesInUse }) => minutesInUse),
    rowOf("rows written a call", ({ rows: { written } }) => written),
    rowOf("and later, as it leaves for R2", ({ rowsLater: { written } }) => written),
    rowOf("rows written a minute", ({ rowsPerMinute: { written } }) => written),
    rowOf("rows read a call, later ones included", ({ rows: { read }, rowsLater }) => read + rowsLater.read),
    rowOf("RPCs to the cell a call", ({ tripsPerCall }) => tripsPerCall),
    rowOf("a trip's work in the cell, ms", ({ tripMs }) => tripMs),
    rowOf("ledger, bytes a call", ({ storedBytesPerCall }) => storedBytesPerCall),
    rowOf("months of ledger in the cell", ({ storedMonths }) => storedMonths),
    rowOf("calls of which it holds more than an hour", ({ uncrowdedCalls }) => uncrowdedCalls),
    rowOf("ledger in R2, bytes a call", ({ archivedBytesPerCall }) => archivedBytesPerCall),
    rowOf("months of ledger in R2, and of hours in D1", ({ keptMonths }) => keptMonths),
    rowOf("hour in D1, bytes", ({ registryBytesPerHour }) => registryBytesPerHour),
    rowOf("CPU of the Worker, ms a call", ({ workerCpuMsPerCall }) => workerCpuMsPerCall),
    rowOf("CPU of the model, ms a call", ({ isolateCpuMsPerCall }) => isolateCpuMsPerCall),
  ];
  const columns = [left("input"), ...Object.keys(TENANTS).map(right)];
  return { name: "inputs", title: "What is assumed of a tenant", columns, rows };
}

/** What the cell's database is written, by how many calls share a trip. */
export function rowsTable(): NamedTable {
  const rows = ROWS_MEASURED.map(({ callsPerTrip, isKeyed, written, read }) => {
    const perMillion = (written * 1e6 * PRICES.cellRowsWritten.usd) / PRICES.cellRowsWritten.per;
    return [String(callsPerTrip), isKeyed ? "yes" : "no", String(written), String(read), usd(perMillion)];
  });
  const heads = ["rows written a call", "rows read a call", "US $ for the writes of a million calls"];
  const columns = [right("calls a trip"), left("idempotency keys"), ...heads.map(right)];
  return { name: "rows", title: "Rows written, with the settlement", columns, rows };
}
