import { describe, expect, test } from "vitest";
import {
  type BusyTenant,
  billOf,
  marginalBillOf,
  planFor,
  totalOf,
  usageOf,
  usageOfFleet,
  usdFor,
} from "../../../bench/scaling/cost.rules.ts";
import { PRICES } from "../../../bench/scaling/price-list.ts";
import { TENANTS } from "../../../bench/scaling/workload.ts";

describe("a price", () => {
  test("is paid for what goes beyond the included part", () => {
    // Cloudflare's own example of Workers: 15 M requests, 10 M included, $0.30 per million: $1.50.
    expect(usdFor(PRICES.workerRequests, 15e6)).toBeCloseTo(1.5);
    // Its example of CPU time: 7 ms · 15 M = 105 M, 30 M included, $0.02 per million: $1.50.
    expect(usdFor(PRICES.workerCpuMs, 7 * 15e6)).toBeCloseTo(1.5);
    expect(usdFor(PRICES.workerRequests, 9e6)).toBe(0);
    // Its example of R2: 1,000 GB-months, 10 included, $0.015 each: $14.85.
    expect(usdFor(PRICES.fileStoredGb, 1_000)).toBeCloseTo(14.85);
    // And of Durable Objects: 432,000,000 requests in 100 objects, at 10 ms each: 4,320,000 s · 0.128 GB = 552,960 GB-s.
    expect(usdFor(PRICES.cellGbSeconds, 552_960)).toBeCloseTo(1.912);
  });
});

describe("a tenant's month", () => {
  const usage = usageOf(TENANTS.medium);

  test("is counted in the units that Cloudflare bills", () => {
    expect(usage.cellRowsWritten).toBe(1_480_000); // 100,000 calls · (11 rows + 2 as they leave) + 20,000 minutes · 9
    expect(usage.cellRequests).toBe(220_000); // an admission and a settlement; 20,000 alarms
    expect(usage.cellGbSeconds).toBeCloseTo(281.6); // 220,000 · 10 ms · 0.128 GB
    expect(usage.isolateDays).toBe(60); // 2 models · 30 days
    expect(usage.cellStoredGb).toBeCloseTo(0.192, 6); // 100,000 · 3 months · 640 bytes
    expect(usage.queueOperations).toBe(60_000); // 20,000 messages, written, read and deleted
    expect(usage.registryRowsWritten).toBe(21_490); // 50 + 20,000 tellings + 720 hours · 2 index entries
  });

  test("ends with what it keeps for good: archives in R2, hours in D1", () => {
    expect(usage.fileStoredGb).toBeCloseTo(0.1912, 6); // 4 versions · 10 MB + 12 months · 100,000 · 126 bytes
    expect(usage.registryStoredGb).toBeCloseTo(0.00132328, 8); // 10 KB + 12 months · 720 hours · 152 bytes
    expect(usage.fileWrites).toBe(44); // 4 versions, 100,000 / 2,500 archives
    expect(usageOf(TENANTS.small).fileWrites).toBe(12); // 2 versions, and an archive each of 10 days
  });

  test("leaves no more in the cell than its plan keeps, 2.5 M calls, or those of an hour", () => {
    expect(usageOf(TENANTS.large).cellStoredGb).toBeCloseTo(1.6); // 30 M calls in three months: 2.5 M · 640 bytes
    const busiest = { ...TENANTS.large, callsPerMonth: 7.2e9 }; // 10 M an hour
    expect(usageOf(busiest).cellStoredGb).toBeCloseTo(6.4);
  });

  test("costs what its quantities cost, and less within what the plan includes", () => {
    expect(marginalBillOf(usage).cellRowsWritten).toBeCloseTo(1.48); // $1 per million
    expect(marginalBillOf(usage).isolateDays).toBeCloseTo(0.12); // 60 · $0.002
    expect(billOf(usage).cellRowsWritten).toBe(0); // 50 M are included
    expect(totalOf(billOf(usage))).toBe(0);
  });

  test("adds up over a fleet, and what the plan includes is taken off once", () => {
    const fleet = usageOfFleet([
      { tenant: TENANTS.medium, count: 100 },
      { tenant: TENANTS.small, count: 1_000 },
    ]);
    expect(fleet.cellRowsWritten).toBe(165_500_000); // 100 · 1.48 M + 1,000 · (13,000 + 500 · 9)
    expect(billOf(fleet).cellRowsWritten).toBeCloseTo(115.5); // less 50 M
  });
});

describe("a load beyond one cell", () => {
  const busy: BusyTenant = {
    callsPerSecond: 50_000,
    workerCpuMsPerCall: 1,
    isolateLoad: 0.5,
    tripMs: 10,
    callsPerSecondOfCell: 10_000,
    tripsPerSecondOfCell: 1_000,
    storedBytesPerCall: 200,
    storedBytesOfCell: 10e9,
    uncrowdedCalls: 1_000_000,
  };

  test("takes cells for its trips, its calls or an hour of its ledger, whichever are most", () => {
    // 50 threads' worth of work at half load are 100 isolates, each with 100 trips a second: 10,000 trips, 10 cells.
    expect(planFor(busy)).toMatchObject({ isolates: 100, tripsPerSecond: 10_000, callsPerTrip: 5, cells: 10 });
    // With trips of 100 ms: 1,000 trips, one cell by trips, five by calls.
    expect(planFor({ ...busy, tripMs: 100 })).toMatchObject({ tripsPerSecond: 1_000, callsPerTrip: 50, cells: 5 });
    // With 2,000 bytes a call: 360 GB an hour, 36 cells of 10 GB.
    expect(planFor({ ...busy, storedBytesPerCall: 2_000 })).toMatchObject({ cells: 36, storedBytes: 10e9 });
  });

  test("leaves an hour in each cell, or what is not too much however old it is", () => {
    expect(planFor(busy).storedBytes).toBe(3.6e9); // 180 M calls an hour in 10 cells · 200 bytes
    expect(planFor({ ...busy, callsPerSecond: 10 }).storedBytes).toBe(200e6); // 1 M calls · 200 bytes
  });

  test("makes no more trips than calls", () => {
    expect(planFor({ ...busy, callsPerSecond: 10 })).toMatchObject({ isolates: 1, tripsPerSecond: 10, cells: 1 });
  });
});
