import type { TenantPolicy } from "../admission/admission.rules.ts";
import type { ConcurrencyLimit, Limits, Quota, RateLimit } from "../admission/policies.rules.ts";
import type { Rates } from "../usage/ledger.rules.ts";
import { INFERENCE_POLICY, PLANS, type Plan, type PlanName } from "./plans.rules.ts";

/** What one tenant has otherwise than its plan. A limit takes the place of the plan's of the same name, of whichever kind. */
export interface PolicyOverrides {
  readonly rates?: readonly RateLimit[];
  readonly quotas?: readonly Quota[];
  readonly concurrency?: readonly ConcurrencyLimit[];
  /** Names of the plan's limits that don't hold for this tenant. */
  readonly without?: readonly string[];
  /** What may be spent in a billing period, in micro-dollars; null: as much as it will. A soft cap is only told about. */
  readonly spendCap?: { readonly microUsd: number; readonly isSoft: boolean } | null;
  readonly isPrepaid?: boolean;
  readonly prices?: Partial<Rates>;
  readonly ledgerRetentionDays?: number;
  readonly maxListeners?: number;
}

/** The name of the limit that a spend cap is. */
export const SPEND_POLICY = "spend-cap";

/** What the registry knows of a tenant that its cell must know. */
export interface PolicySource {
  readonly plan: PlanName;
  readonly overrides: PolicyOverrides;
  readonly policyVersion: number;
  readonly status: TenantPolicy["status"];
  readonly burst: number;
  readonly ratePerSecond: number;
  readonly periodAnchorMs: number;
  readonly allowedIps: readonly string[] | null;
  readonly allowedOrigins: readonly string[];
  readonly notBeforeMs: number;
  readonly maxRunMs: number;
}

const DAY_MS = 86_400_000;

/** What a tenant's cell must know: the plan, with what is otherwise for this tenant. */
export function policyOf(tenant: PolicySource): TenantPolicy {
  const { overrides, plan: planName, policyVersion, status, periodAnchorMs, maxRunMs } = tenant;
  const plan: Plan = PLANS[planName];
  return {
    version: policyVersion,
    status,
    limits: limitsOf(plan, tenant),
    isPrepaid: overrides.isPrepaid ?? plan.isPrepaid,
    rates: { ...plan.rates, ...overrides.prices },
    periodAnchorMs,
    allowedIps: tenant.allowedIps,
    allowedOrigins: tenant.allowedOrigins,
    notBeforeMs: tenant.notBeforeMs,
    runLimitMs: maxRunMs,
    ledgerRetentionMs: (overrides.ledgerRetentionDays ?? plan.ledgerRetentionDays) * DAY_MS,
    maxListeners: overrides.maxListeners ?? plan.maxListeners,
  };
}

function limitsOf(plan: Plan, { overrides, burst, ratePerSecond }: PolicySource): Limits {
  const { rates = [], quotas = [], concurrency = [], without = [], spendCap } = overrides;
  const cap = spendCap ? [spendQuota(spendCap)] : [];
  const replaced = new Set([...without, ...[...rates, ...quotas, ...concurrency].map(({ name }) => name)]);
  const inference: RateLimit = { name: INFERENCE_POLICY, per: "tenant", endpoint: "infer", burst, ratePerSecond };
  return {
    rates: overlay(
      plan.limits.rates.map((rate) => (rate.name === INFERENCE_POLICY ? inference : rate)),
      rates,
      replaced,
    ),
    quotas: [...overlay(plan.limits.quotas, quotas, replaced), ...cap],
    concurrency: overlay(plan.limits.concurrency, concurrency, replaced),
  };
}

function spendQuota({ microUsd, isSoft }: NonNullable<PolicyOverrides["spendCap"]>): Quota {
  return { name: SPEND_POLICY, per: "tenant", unit: "micro_usd", window: "period", limit: microUsd, isSoft };
}

function overlay<T extends { readonly name: string }>(
  plan: readonly T[],
  own: readonly T[],
  replaced: ReadonlySet<string>,
): T[] {
  return [...plan.filter(({ name }) => !replaced.has(name)), ...own];
}
