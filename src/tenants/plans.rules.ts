import type { Limits } from "../admission/policies.rules.ts";
import type { Rates } from "../usage/ledger.rules.ts";

/** What every tenant of a plan has, unless its own overrides say otherwise. */
export interface Plan {
  readonly limits: Limits;
  readonly rates: Rates;
  readonly isPrepaid: boolean;
  /** Days that raw ledger rows stay in the cell before they move to R2. */
  readonly ledgerRetentionDays: number;
  /** Listeners to the live feed at a time. */
  readonly maxListeners: number;
}

/** The name of the limit on inferences that each plan has; a tenant's `burst` and `rate_per_second` set it. */
export const INFERENCE_POLICY = "inference";

const RATES: Limits["rates"] = [
  { name: INFERENCE_POLICY, per: "tenant", endpoint: "infer", burst: 200, ratePerSecond: 100 },
  { name: "read", per: "tenant", endpoint: "read", burst: 1_000, ratePerSecond: 200 },
  { name: "write", per: "tenant", endpoint: "write", burst: 300, ratePerSecond: 50 },
  { name: "admin", per: "tenant", endpoint: "admin", burst: 200, ratePerSecond: 20 },
];

/** The plans that there are: limits are data, and this is their one place. */
export const PLANS = {
  /** To try it out: little at a time, and so much in a month. */
  free: {
    limits: {
      rates: RATES,
      quotas: [
        { name: "inferences-month", per: "tenant", unit: "inferences", window: "month", limit: 1_000, isSoft: false },
        { name: "compute-month", per: "tenant", unit: "compute_ms", window: "month", limit: 3_600_000, isSoft: false },
      ],
      concurrency: [{ name: "concurrency", per: "tenant", limit: 4 }],
    },
    rates: { inferenceMicroUsd: 0, computeSecondMicroUsd: 0 },
    isPrepaid: false,
    ledgerRetentionDays: 30,
    maxListeners: 2,
  },
  /** By rate alone. */
  standard: {
    limits: { rates: RATES, quotas: [], concurrency: [] },
    rates: { inferenceMicroUsd: 100, computeSecondMicroUsd: 0 },
    isPrepaid: false,
    ledgerRetentionDays: 90,
    maxListeners: 10,
  },
} as const satisfies Record<string, Plan>;

export type PlanName = keyof typeof PLANS;
export const PLAN_NAMES = ["free", "standard"] as const satisfies readonly PlanName[];
