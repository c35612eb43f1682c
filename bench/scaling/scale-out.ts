import { thousands } from "./figures.ts";
import { type NamedTable, left, right } from "./named-table.ts";
import { NO_FAULTS, type NetworkFaults } from "./network.ts";
import { simulatePostpaid } from "./postpaid.ts";
import { type PrepaidResult, simulateHomeOnly, simulatePrepaid } from "./prepaid.ts";
import { REGIONS } from "./regions.ts";
import type { Crashes, Scenario } from "./scenario.ts";

/** A tenant with 2,000 calls a second, whose regional cells may hold 1,000 units each and report once a second. */
export const SCENARIO: Scenario = {
  seed: 1,
  callsPerSecond: 2_000,
  seconds: 30,
  budgetUnits: 1_000_000,
  maxWindowUnits: 1_000,
  reportMs: 1_000,
  faults: NO_FAULTS,
  crashes: undefined,
};

/** Far worse than any network that one would keep. */
export const FAULTS: NetworkFaults = { lost: 0.1, duplicated: 0.1, delayed: 0.1, maxDelayMs: 3_000 };
/** Every cell crashes every ten seconds, is down for a second, and loses its database with one crash in ten. */
export const CRASHES: Crashes = { everyMs: 10_000, maxDownMs: 2_000, losesDisk: 0.1 };

/** As seconds of the tenant's calls: 0.1, 1 and 10. */
const BUDGETS = [200, 2_000, 20_000];
const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);

/** What callers of each region wait for an admission: asking one cell for the world, and their own region's cell. */
export function latencyTable(): NamedTable {
  const homeOnly = simulateHomeOnly(SCENARIO);
  const { tally } = simulatePrepaid(SCENARIO);
  const rows = REGIONS.map((region) => {
    const [far, near] = [homeOnly.timesOf(region), tally.timesOf(region)];
    const times = [far.p50Ms, far.p99Ms, near.p50Ms, near.p99Ms].map((ms) => ms.toFixed(0));
    return [region.hint, region.place, thousands(near.admitted), ...times];
  });
  const heads = ["calls", "one cell, p50 ms", "p99 ms", "regional cells, p50 ms", "p99 ms"];
  const title = "Waiting for an admission, by region";
  return { name: "latency", title, columns: [left("hint"), left("callers in"), ...heads.map(right)], rows };
}

/** What becomes of a budget that the demand exceeds: prepaid, with and without everything that goes wrong. */
export function prepaidTable(): NamedTable {
  const rows = BUDGETS.flatMap((budgetUnits) =>
    [false, true].map((isFaulty) => {
      const runs = SEEDS.map((seed) => simulatePrepaid(scenarioOf(seed, budgetUnits, isFaulty)));
      const worst = (figure: (run: PrepaidResult) => number): string => thousands(Math.max(...runs.map(figure)));
      return [
        thousands(budgetUnits),
        isFaulty ? "faults and crashes" : "none",
        worst(({ tally }) => tally.overspentUnits),
        worst(({ tally }) => tally.maxStrandedUnits),
        thousands(runs[0]?.boundUnits ?? Number.NaN),
        worst(({ left: { freeUnits, heldUnits } }) => freeUnits + heldUnits),
        worst(({ left: { lostUnits } }) => lostUnits),
        worst(({ lostDatabases }) => lostDatabases),
      ];
    }),
  );
  const heads = ["overspent", "stranded", "bound of stranded", "unspent at the end", "lost", "databases lost"];
  const columns = [right("budget, units"), left("what goes wrong"), ...heads.map(right)];
  return { name: "prepaid", title: "Prepaid regional cells, the worst of 10 seeds", columns, rows };
}

/** The same with settlement afterwards. */
export function postpaidTable(): NamedTable {
  const rows = BUDGETS.flatMap((budgetUnits) =>
    [false, true].map((isFaulty) => {
      const overspent = SEEDS.map((seed) => simulatePostpaid(scenarioOf(seed, budgetUnits, isFaulty)).overspentUnits);
      const most = Math.max(...overspent);
      return [
        thousands(budgetUnits),
        isFaulty ? "faults and crashes" : "none",
        thousands(Math.min(...overspent)),
        thousands(most),
        ((budgetUnits + most) / budgetUnits).toFixed(2),
      ];
    }),
  );
  const heads = ["overspent, least", "overspent, most", "spent / budget, most"];
  const columns = [right("budget, units"), left("what goes wrong"), ...heads.map(right)];
  return { name: "postpaid", title: "Post-paid regional cells, 10 seeds", columns, rows };
}

function scenarioOf(seed: number, budgetUnits: number, isFaulty: boolean): Scenario {
  const scenario = { ...SCENARIO, seconds: 15, seed, budgetUnits };
  return isFaulty ? { ...scenario, faults: FAULTS, crashes: CRASHES } : scenario;
}

/** How many reports a second all regional cells send the home cell while all regions call. */
export function reportsPerSecond(): number {
  return simulatePrepaid(SCENARIO).tally.messages / SCENARIO.seconds;
}
