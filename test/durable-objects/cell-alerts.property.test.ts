import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readEvents } from "../../src/events/outbox.store.ts";
import type { EntryId } from "../../src/shared/ids.ts";
import type { AlertBody } from "../../src/usage/alerts.rules.ts";
import { cellOf, evictCell } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { admit, quota, settle, tenantLimitedBy } from "../usage/limited.ts";

const DAY = 86_400_000;
const LIMIT = 10;
const SHARES = [50, 80, 90, 100];

/** What may befall a cell: a batch of calls, the end of some, an eviction, a new day (which ends all leases). */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("admit" as const), calls: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      outcome: fc.constantFrom("ok" as const, "failed" as const, "rejected" as const),
      calls: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("evict" as const, "day" as const) }) },
);

test(
  "however use rises and falls, each share that it reached is told of once in each window",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 30 }), async (steps) => {
        await withStoppedClock("2030-01-15T10:20:30Z", async (clock) => {
          const tenant = await tenantLimitedBy({ quotas: [quota({ limit: LIMIT, soft: true })] });
          const open: EntryId[] = [];
          let [used, peak, day] = [0, 0, "2030-01-15"];
          const expected: string[] = [];
          const endDay = (): void => {
            expected.push(...SHARES.filter((share) => peak * 100 >= share * LIMIT).map((share) => `${day} ${share}`));
          };
          for (const next of steps) {
            if (next.kind === "admit") {
              open.push(...(await admit(tenant, next.calls)));
              used += next.calls;
            } else if (next.kind === "settle") {
              const ended = open.splice(0, next.calls);
              await settle(tenant, ended, { outcome: next.outcome });
              if (next.outcome !== "ok") used -= ended.length;
            } else if (next.kind === "evict") await evictCell(tenant);
            else {
              endDay();
              open.length = 0;
              clock.advanceMs(DAY);
              [used, peak, day] = [0, 0, new Date(Date.now()).toISOString().slice(0, 10)];
            }
            peak = Math.max(peak, used);
          }
          endDay();
          const told = await runInDurableObject(cellOf(tenant), (_cell, state) =>
            readEvents(state.storage.sql, 0, 1_000),
          );
          const bodies = told.map(({ body }) => body as AlertBody);
          expect(bodies.map(({ window_start: start, percent }) => `${start.slice(0, 10)} ${percent}`)).toEqual(
            expected,
          );
        });
      }),
      { numRuns: 8 },
    );
  },
);
