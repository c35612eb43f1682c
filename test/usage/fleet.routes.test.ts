import { beforeAll, describe, expect, test } from "vitest";
import type { HourTotals } from "../../src/usage/fleet.rules.ts";
import { deliver } from "../support/fleet.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

type Row = { start: string; tenant?: string; as_of: string; inferences: number; cost_micro_usd: number };
type Answer = {
  data: Row[];
  total: { inferences: number; refused: number };
  as_of: string | null;
  next: string | null;
};

/** Years that no other test uses, so that what is summed across tenants is known. */
const JANUARY = "from=2041-01-01T00:00:00Z&to=2041-02-01T00:00:00Z";
const QUARTER = "from=2041-01-01T00:00:00Z&to=2041-04-01T00:00:00Z";

function totals(inferences: number): HourTotals {
  return {
    inferences,
    pending: 1,
    ok: inferences,
    rejected: 2,
    failed: 3,
    unsettled: 4,
    costMicroUsd: 100 * inferences,
    computeMs: 5,
    bytesIn: 6,
    bytesOut: 7,
    refused: 8,
  };
}

async function read(query: string): Promise<Answer> {
  const response = await callAsOperator("GET", `/admin/usage?${query}`);
  expect(response.status).toBe(200);
  return await response.json();
}

const tenants: TestTenant[] = [];

async function tell(tenant: TestTenant | undefined, hour: string, inferences: number): Promise<void> {
  const hourMs = Date.parse(hour);
  await deliver([
    { tenantId: tenant?.id, hourMs, revision: 1, asOfMs: hourMs + 3_700_000, totals: totals(inferences) },
  ]);
}

beforeAll(async () => {
  for (let number = 0; number < 3; number++) tenants.push(await newTenant());
  tenants.sort((one, other) => (one.id < other.id ? -1 : 1));
  const [first, second, third] = tenants;
  await tell(first, "2041-01-01T00:00:00Z", 1);
  await tell(first, "2041-01-01T23:00:00Z", 2);
  await tell(first, "2041-01-31T23:00:00Z", 4);
  await tell(second, "2041-01-01T05:00:00Z", 8);
  await tell(third, "2041-01-02T00:00:00Z", 16);
  await tell(third, "2041-02-01T00:00:00Z", 32);
  await tell(third, "2041-03-15T00:00:00Z", 64);
});

describe("usage across tenants", () => {
  test("is summed by hour, by day and by month, the beginning included and the end not", async () => {
    const hours = await read(`${JANUARY}&granularity=hour`);
    expect(hours.data.map(({ start, inferences }) => [start, inferences])).toEqual([
      ["2041-01-01T00:00:00.000Z", 1],
      ["2041-01-01T05:00:00.000Z", 8],
      ["2041-01-01T23:00:00.000Z", 2],
      ["2041-01-02T00:00:00.000Z", 16],
      ["2041-01-31T23:00:00.000Z", 4],
    ]);
    const days = await read(JANUARY);
    expect(days.data.map(({ start, inferences }) => [start.slice(0, 10), inferences])).toEqual([
      ["2041-01-01", 11],
      ["2041-01-02", 16],
      ["2041-01-31", 4],
    ]);
    const months = await read(`${QUARTER}&granularity=month`);
    expect(months.data.map(({ start, inferences }) => [start, inferences])).toEqual([
      ["2041-01-01T00:00:00.000Z", 31],
      ["2041-02-01T00:00:00.000Z", 32],
      ["2041-03-01T00:00:00.000Z", 64],
    ]);
    expect(months.total.inferences).toBe(127);
  });

  test("has every figure, and says when the newest of its hours was summed", async () => {
    const {
      data,
      total,
      as_of: asOf,
      next,
    } = await read("from=2041-01-01T00:00:00Z&to=2041-01-02T00:00:00Z&granularity=day");
    // Three hours, of 1, 2 and 8 inferences; the other figures are the same in each.
    const figures = {
      inferences: 11,
      outcomes: { pending: 3, ok: 11, rejected: 6, failed: 9, unsettled: 12 },
      cost_micro_usd: 1_100,
      compute_ms: 15,
      bytes_in: 18,
      bytes_out: 21,
      refused: 24,
    };
    const newest = "2041-01-02T00:01:40.000Z"; // 23:00 and 3,700 seconds
    expect(data).toEqual([{ start: "2041-01-01T00:00:00.000Z", as_of: newest, ...figures }]);
    expect([total, asOf, next]).toEqual([figures, newest, null]);
  });

  test("is nothing where there was none", async () => {
    expect(await read("from=2042-01-01T00:00:00Z&to=2042-01-02T00:00:00Z")).toMatchObject({
      data: [],
      total: { inferences: 0, refused: 0 },
      as_of: null,
      next: null,
    });
  });
});

describe("usage by tenant", () => {
  test("comes in pages of so many tenants each, with all their intervals, and the total of all pages", async () => {
    const pages: Answer[] = [];
    for (let after = ""; ;) {
      const page = await read(`${JANUARY}&group_by=tenant&limit=2${after}`);
      pages.push(page);
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    const [first, second, third] = tenants.map(({ id }) => id);
    expect(pages.map(({ data }) => data.map(({ tenant, inferences }) => [tenant, inferences]))).toEqual([
      [
        [first, 3],
        [first, 4],
        [second, 8],
      ],
      [[third, 16]],
    ]);
    expect(pages.map(({ total }) => total.inferences)).toEqual([31, 31]);
  });

  test("may be of one tenant alone", async () => {
    const id = tenants[2]?.id ?? "";
    const { data, total } = await read(`${QUARTER}&granularity=month&group_by=tenant&tenant=${id}`);
    expect(data.map(({ tenant, inferences }) => [tenant, inferences])).toEqual([
      [id, 16],
      [id, 32],
      [id, 64],
    ]);
    expect(total.inferences).toBe(112);
    expect((await read(`${QUARTER}&granularity=month&tenant=${id}`)).total.inferences).toBe(112);
  });

  test("of a tenant that there is not is nothing", async () => {
    const { data } = await read(`${QUARTER}&group_by=tenant&tenant=ten_00000000000000000000000000`);
    expect(data).toEqual([]);
  });
});

test.each([
  ["from=2041-02-01T00:00:00Z&to=2041-01-01T00:00:00Z", "from"],
  ["from=yesterday", "from"],
  ["granularity=minute", "granularity"],
  ["group_by=model", "group_by"],
  ["limit=0", "limit"],
  ["limit=101", "limit"],
  ["tenant=nonsense", "tenant"],
  ["tenant=ten_'%20OR%201=1", "tenant"],
  // A year of hours is 8,760 intervals, and two tenants have twice as many.
  ["from=2041-01-01T00:00:00Z&to=2042-01-01T00:00:00Z&granularity=hour&group_by=tenant&limit=2", "granularity"],
  ["from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z", "granularity"],
])("%s is refused, and told what to mend", async (query, field) => {
  const body = await expectProblem(await callAsOperator("GET", `/admin/usage?${query}`), 400, "invalid-request");
  expect(body.detail).toContain(field);
});

test("the answer for as many intervals as there may be is given", async () => {
  const year = "from=2041-01-01T00:00:00Z&to=2042-01-01T00:00:00Z&granularity=hour&group_by=tenant&limit=1";
  expect((await read(year)).data.map(({ inferences }) => inferences)).toEqual([1, 2, 4]);
});
