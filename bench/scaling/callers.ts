import type { Call } from "./calls.ts";
import { NO_FAULTS, Network } from "./network.ts";
import { REGIONS, type Region } from "./regions.ts";
import type { Scenario } from "./scenario.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Tally } from "./tally.ts";
import type { Timeline } from "./timeline.ts";

/** The cell that a region's callers ask, and the round trip to it in milliseconds. */
export interface Route {
  readonly roundTripMs: number;
  readonly receive: (call: Call) => void;
}

/** What a simulation plays in. */
export interface World {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  readonly tally: Tally;
}

/** Let callers of all regions call, independently of each other and of how they are answered. */
export function startCallers(world: World, scenario: Scenario, routeOf: (region: Region) => Route): void {
  const { timeline, random, tally } = world;
  const network = new Network(timeline, random, NO_FAULTS);
  const endMs = scenario.seconds * 1000;
  for (const region of REGIONS) {
    const route = routeOf(region);
    const meanMs = 1000 / (scenario.callsPerSecond * region.share);
    const callNext = (): void => {
      if (timeline.nowMs >= endMs) return;
      const askedAtMs = timeline.nowMs;
      const call: Call = {
        region,
        answer: (outcome) =>
          network.carry(route.roundTripMs, () => tally.answered(region, outcome, timeline.nowMs - askedAtMs)),
      };
      network.carry(route.roundTripMs, () => route.receive(call));
      timeline.after(random.exponential(meanMs), callNext);
    };
    timeline.after(random.exponential(meanMs), callNext);
  }
}

/** Crash a cell now and then, as long as the callers call. */
export function startCrashes(
  { timeline, random }: World,
  scenario: Scenario,
  crash: (downMs: number, losesDisk: boolean) => void,
): void {
  const { crashes, seconds } = scenario;
  if (!crashes) return;
  const crashNext = (): void => {
    if (timeline.nowMs >= seconds * 1000) return;
    crash(random.next() * crashes.maxDownMs, random.happens(crashes.losesDisk));
    timeline.after(random.exponential(crashes.everyMs), crashNext);
  };
  timeline.after(random.exponential(crashes.everyMs), crashNext);
}
