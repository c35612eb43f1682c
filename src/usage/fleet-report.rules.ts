import type { TenantId } from "../shared/ids.ts";
import type { HourTotals } from "./fleet.rules.ts";

/** The lengths of time that usage across tenants can be summed over. */
export const FLEET_GRANULARITIES = ["hour", "day", "month"] as const;
export type FleetGranularity = (typeof FLEET_GRANULARITIES)[number];

/** The shortest that an interval can be, in milliseconds: a bound on how many there are. */
const SHORTEST_MS = { hour: 3_600_000, day: 86_400_000, month: 28 * 86_400_000 } as const;

/** Which hours are asked for: `fromMs` included, `toMs` excluded; of one tenant or of all. */
export interface FleetQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly granularity: FleetGranularity;
  readonly tenantId: TenantId | undefined;
}

/** The tenants that a page shows. */
export interface TenantPage {
  readonly tenantIds: readonly TenantId[];
}

/** One interval's totals, of one tenant or of all, and of when the newest of its hours is. */
export interface FleetRow {
  readonly tenantId: TenantId | null;
  readonly startMs: number;
  readonly asOfMs: number;
  readonly totals: HourTotals;
}

/** How many intervals a query spans at most. */
export function intervalsOf({ fromMs, toMs, granularity }: FleetQuery): number {
  return Math.ceil((toMs - fromMs) / SHORTEST_MS[granularity]);
}
