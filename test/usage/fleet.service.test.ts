import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { newTenantId } from "../../src/shared/ids.ts";
import type { ToldHour } from "../../src/usage/fleet.rules.ts";
import { deliver, storedHours } from "../support/fleet.ts";

const HOUR = Date.parse("2030-01-01T10:00:00Z");

/** An hour with that many inferences, as a cell tells it. */
function told(tenant: { id: ReturnType<typeof newTenantId> }, revision: number, ok: number, refused = 0): ToldHour {
  return {
    tenantId: tenant.id,
    hourMs: HOUR,
    revision,
    asOfMs: HOUR + revision,
    totals: {
      inferences: ok,
      pending: 0,
      ok,
      rejected: 0,
      failed: 0,
      unsettled: 0,
      costMicroUsd: 100 * ok,
      computeMs: 5 * ok,
      bytesIn: 10 * ok,
      bytesOut: 20 * ok,
      refused,
    },
  };
}

const someone = () => ({ id: newTenantId(Date.now()) });

/** Do something while faults are caught instead of shown. @returns what was logged */
async function catchingFaults(act: () => Promise<void>): Promise<string> {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  try {
    await act();
    return JSON.stringify(log.mock.calls);
  } finally {
    log.mockRestore();
  }
}

/** D1 as it is, except that it refuses every statement that speaks of one of these ids. */
function failingFor(...ids: string[]): D1Database {
  const broken = (text: unknown): boolean => ids.some((id) => JSON.stringify(text).includes(id));
  return new Proxy(env.DB, {
    get: (database, name) => {
      if (name !== "prepare") return Reflect.get(database, name) as unknown;
      return (query: string) => {
        const statement = database.prepare(query);
        return {
          bind: (...values: unknown[]) => {
            if (broken(values)) throw new Error("D1_ERROR: the database is overloaded");
            return statement.bind(...values);
          },
        };
      };
    },
  });
}

describe("what a cell told of an hour", () => {
  test("is recorded, and acknowledged", async () => {
    const tenant = someone();
    expect(await deliver([told(tenant, 4, 2, 7)])).toEqual({ acked: ["m0"], retried: [] });
    expect(await storedHours(tenant)).toEqual([
      {
        tenant_id: tenant.id,
        hour_ms: HOUR,
        revision: 4,
        as_of_ms: HOUR + 4,
        inferences: 2,
        pending: 0,
        ok: 2,
        rejected: 0,
        failed: 0,
        unsettled: 0,
        cost_micro_usd: 200,
        compute_ms: 10,
        bytes_in: 20,
        bytes_out: 40,
        refused: 7,
      },
    ]);
  });

  test("changes nothing when it comes again, within a batch or in another", async () => {
    const tenant = someone();
    await deliver([told(tenant, 4, 2), told(tenant, 4, 2)]);
    const once = await storedHours(tenant);
    expect(await deliver([told(tenant, 4, 2)])).toEqual({ acked: ["m0"], retried: [] });
    expect(await storedHours(tenant)).toEqual(once);
    expect(once).toMatchObject([{ ok: 2 }]);
  });

  test.each([
    ["in one batch", async (all: ToldHour[]) => void (await deliver(all))],
    [
      "in batches of their own",
      async (all: ToldHour[]) => {
        for (const one of all) await deliver([one]);
      },
    ],
  ])("is the newest in the end, in whatever order all of it comes, %s", async (_name, send) => {
    const orders = [
      [1, 2, 3],
      [3, 2, 1],
      [2, 3, 1],
      [3, 1, 2],
    ];
    for (const order of orders) {
      const tenant = someone();
      await send(order.map((revision) => told(tenant, revision, revision)));
      expect(await storedHours(tenant), order.join()).toMatchObject([{ revision: 3, ok: 3, inferences: 3 }]);
    }
  });

  test("is newer with as many rows of the ledger and more refusals, which are no rows", async () => {
    const tenant = someone();
    await deliver([told(tenant, 4, 2, 1), told(tenant, 4, 2, 3), told(tenant, 4, 2, 2)]);
    expect(await storedHours(tenant)).toMatchObject([{ revision: 4, refused: 3 }]);
  });

  test("does not touch another hour, nor another tenant's", async () => {
    const [one, other] = [someone(), someone()];
    await deliver([told(one, 1, 1), told(other, 2, 2), { ...told(one, 5, 5), hourMs: HOUR + 3_600_000 }]);
    expect(await storedHours(one)).toMatchObject([{ ok: 1 }, { ok: 5 }]);
    expect(await storedHours(other)).toMatchObject([{ ok: 2 }]);
  });
});

describe("a message that no cell sent", () => {
  const tenant = someone();
  const good = told(tenant, 1, 1);

  test.each([
    ["nothing", null],
    ["text", "hello"],
    ["an empty object", {}],
    ["another's kind of id", { ...good, tenantId: "mdl_00000000000000000000000000" }],
    ["a quote in the id", { ...good, tenantId: "ten_' OR 1=1 --" }],
    ["a time within an hour", { ...good, hourMs: HOUR + 1 }],
    ["a negative revision", { ...good, revision: -1 }],
    ["a fraction", { ...good, totals: { ...good.totals, computeMs: 0.5 } }],
    ["a number beyond 2^53", { ...good, totals: { ...good.totals, bytesIn: 2 ** 60 } }],
    ["a total that is missing", { ...good, totals: { ...good.totals, refused: undefined } }],
  ])("(%s) is logged and acknowledged, and keeps its neighbours from nothing", async (_name, body) => {
    const neighbour = someone();
    const logged = await catchingFaults(async () => {
      const result = await deliver([body, told(neighbour, 1, 1)]);
      expect(result).toEqual({ acked: ["m0", "m1"], retried: [] });
    });
    expect(logged).toContain("none of ours");
    expect(logged).toContain("m0");
    expect(await storedHours(neighbour)).toHaveLength(1);
    expect(await storedHours(tenant)).toEqual([]);
  });
});

describe("when D1 refuses", () => {
  test("one hour of a batch, that one comes again later, and the others are recorded", async () => {
    const [one, broken, other] = [someone(), someone(), someone()];
    const batch = [told(one, 1, 1), told(broken, 1, 1), told(other, 1, 1)];
    const logged = await catchingFaults(async () => {
      const result = await deliver(batch, { bindings: { DB: failingFor(broken.id) } });
      expect(result).toEqual({ acked: ["m0", "m2"], retried: [["m1", 30]] });
    });
    expect(logged).toContain(broken.id);
    expect(logged).not.toContain(one.id);
    expect([await storedHours(one), await storedHours(broken), await storedHours(other)]).toMatchObject([
      [{ ok: 1 }],
      [],
      [{ ok: 1 }],
    ]);
    await deliver(batch);
    expect(await storedHours(broken)).toMatchObject([{ ok: 1 }]);
  });

  test.each([
    [1, 30],
    [2, 60], // 30 · 2
    [5, 480], // 30 · 2⁴
    [8, 3_600], // 30 · 2⁷ = 3,840, and an hour at most
    [100, 3_600],
  ])("attempt %i, the next waits %i seconds", async (attempts, delaySeconds) => {
    const tenant = someone();
    await catchingFaults(async () => {
      const result = await deliver([told(tenant, 1, 1)], { attempts, bindings: { DB: failingFor(tenant.id) } });
      expect(result.retried).toEqual([["m0", delaySeconds]]);
    });
  });
});
