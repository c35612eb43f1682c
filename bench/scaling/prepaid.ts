import { type World, startCallers, startCrashes } from "./callers.ts";
import { HomeCell } from "./home-cell.ts";
import { Network } from "./network.ts";
import { CELL_REGIONS, type Region } from "./regions.ts";
import { type Ask, RegionalCell } from "./regional-cell.ts";
import { type Grant, type WindowPolicy, strandedBound } from "./regional-budget.rules.ts";
import type { Scenario } from "./scenario.ts";
import { seededRandom } from "./seeded-random.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

/** How long messages may still arrive after the last call. */
const ECHO_MS = 10_000;

/** What a simulation of prepaid cells has found. */
export interface PrepaidResult {
  readonly tally: Tally;
  readonly boundUnits: number;
  /** Of the budget, when the last call had been answered: free at home, held by regions, gone with lost databases. */
  readonly left: { readonly freeUnits: number; readonly heldUnits: number; readonly lostUnits: number };
  readonly lostDatabases: number;
}

/** A home cell, and one in each other region that can have one, which spends what the home cell has prepaid. */
export function simulatePrepaid(scenario: Scenario): PrepaidResult {
  const world = worldOf(scenario);
  const { timeline, random, tally } = world;
  const windows: WindowPolicy = { maxWindowUnits: scenario.maxWindowUnits, regions: CELL_REGIONS.length };
  const home = new HomeCell(timeline, random, tally, scenario.budgetUnits, windows);
  const network = new Network(timeline, random, scenario.faults);
  const onGrant = (): void => tally.stranded(heldUnits());
  const wiring: Wiring = { home, network, onGrant };
  const cells = new Map(CELL_REGIONS.map((region) => [region.hint, regionalCell(region, wiring, world, scenario)]));
  const heldUnits = (): number => [...cells.values()].reduce((sum, cell) => sum + cell.availableUnits, 0);

  const lost = { units: 0, databases: 0 };
  startCallers(world, scenario, ({ nearest, toNearestMs }) => ({
    roundTripMs: toNearestMs,
    receive: (call) => (cells.get(nearest) ?? home).receive(call),
  }));
  startCrashes(world, scenario, (downMs) => home.crash(downMs));
  for (const cell of cells.values()) {
    startCrashes(world, scenario, (downMs, losesDisk) => {
      lost.units += cell.crash(downMs, losesDisk);
      lost.databases += losesDisk ? 1 : 0;
    });
  }
  timeline.runUntil(scenario.seconds * 1000);
  const left = { freeUnits: home.freeUnits, heldUnits: heldUnits(), lostUnits: lost.units };
  timeline.runUntil(scenario.seconds * 1000 + ECHO_MS);
  return { tally, boundUnits: strandedBound(windows, scenario.budgetUnits), left, lostDatabases: lost.databases };
}

/** One cell for the whole world, which every region's callers ask over the whole distance. */
export function simulateHomeOnly(scenario: Scenario): Tally {
  const world = worldOf(scenario);
  const { timeline, random, tally } = world;
  const home = new HomeCell(timeline, random, tally, scenario.budgetUnits, { maxWindowUnits: 0, regions: 1 });
  startCallers(world, scenario, ({ toHomeMs }) => ({
    roundTripMs: toHomeMs,
    receive: (call) => home.receive(call),
  }));
  timeline.runUntil(scenario.seconds * 1000 + ECHO_MS);
  return tally;
}

function worldOf({ seed, budgetUnits }: Scenario): World {
  return { timeline: new Timeline(), random: seededRandom(seed), tally: new Tally(budgetUnits) };
}

/** How a regional cell reaches the home cell. */
interface Wiring {
  readonly home: HomeCell;
  readonly network: Network;
  /** A cell has taken a grant in: the only moment at which it holds more than before. */
  readonly onGrant: () => void;
}

function regionalCell(
  region: Region,
  { home, network, onGrant }: Wiring,
  { timeline, random, tally }: World,
  { reportMs, maxWindowUnits }: Scenario,
): RegionalCell {
  const ask: Ask = (cell, report, take) => {
    tally.messageSent();
    const taken = (grant: Grant): void => {
      take(grant);
      onGrant();
    };
    network.send(region.toHomeMs, () =>
      home.hear(cell, report, (grant) => network.send(region.toHomeMs, () => taken(grant))),
    );
  };
  return new RegionalCell(timeline, random, tally, { region, reportMs, maxWindowUnits, ask });
}
