import type { NetworkFaults } from "./network.ts";

/** What happens to one tenant in a simulation, and how its cells are set. */
export interface Scenario {
  readonly seed: number;
  readonly callsPerSecond: number;
  readonly seconds: number;
  readonly budgetUnits: number;
  /** What one region may hold at most; for prepaid cells. */
  readonly maxWindowUnits: number;
  /** How often a regional cell reports, in milliseconds. */
  readonly reportMs: number;
  readonly faults: NetworkFaults;
  readonly crashes: Crashes | undefined;
}

/** How cells crash: each one independently of the others. */
export interface Crashes {
  /** Between two crashes of a cell, on average. */
  readonly everyMs: number;
  /** Down for up to so long. */
  readonly maxDownMs: number;
  /** The share of a regional cell's crashes that take its database with them. */
  readonly losesDisk: number;
}

/** The share of admitted calls that fail on our side and are refunded. */
export const REFUNDED = 0.02;
/** How long a call runs before it is settled, in milliseconds. */
export const RUN_MS = 30;
