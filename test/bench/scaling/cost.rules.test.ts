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
    expect(usage.cellRowsWritten).toBe(1_200_000); // 100,000 calls · 12 rows
    expect(usage.cellRequests).toBe(200_000); // an admission and a settlement
    expect(usage.cellGbSeconds).toBeCloseTo(256); // 200,000 trips · 10 ms · 0.128 GB
    expect(usage.isolateDays).toBe(60); // 2 models · 30 days
    expect(usage.cellStoredGb).toBeCloseTo(0.0657, 6); // 100,000 · 3 months · 219 bytes
  });

  test("costs what its quantities cost, and less within what the plan includes", () => {
    expect(marginalBillOf(usage).cellRowsWritten).toBeCloseTo(1.2); // $1 per million
    expect(marginalBillOf(usage).isolateDays).toBeCloseTo(0.12); // 60 · $0.002
    expect(billOf(usage).cellRowsWritten).toBe(0); // 50 M are included
    expect(totalOf(billOf(usage))).toBe(0);
  });

  test("adds up over a fleet, and what the plan includes is taken off once", () => {
    const fleet = usageOfFleet([
      { tenant: TENANTS.medium, count: 100 },
      { tenant: TENANTS.small, count: 1_000 },
    ]);
    expect(fleet.cellRowsWritten).toBe(132_000_000); // 100 · 1.2 M + 1,000 · 12,000
    expect(billOf(fleet).cellRowsWritten).toBeCloseTo(82); // less 50 M
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
  };

  test("takes cells for its trips or for its calls, whichever are more", () => {
    // 50 threads' worth of work at half load are 100 isolates, each with 100 trips a second: 10,000 trips, 10 cells.
    expect(planFor(busy)).toMatchObject({ isolates: 100, tripsPerSecond: 10_000, callsPerTrip: 5, cells: 10 });
    // With trips of 100 ms: 1,000 trips, one cell by trips, five by calls.
    expect(planFor({ ...busy, tripMs: 100 })).toMatchObject({ tripsPerSecond: 1_000, callsPerTrip: 50, cells: 5 });
  });

  test("fills the cells' databases at its pace", () => {
    // 50,000 · 200 bytes over 10 cells: 1 MB/s each; 10 GB take 10,000 s.
    expect(planFor(busy).hoursUntilFull).toBeCloseTo(10_000 / 3_600);
  });

  test("makes no more trips than calls", () => {
    expect(planFor({ ...busy, callsPerSecond: 10 })).toMatchObject({ isolates: 1, tripsPerSecond: 10, cells: 1 });
  });
});
