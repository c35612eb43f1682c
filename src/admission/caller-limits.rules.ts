import { CREDIT_POLICY, type TenantPolicy } from "./admission.rules.ts";
import type { Limits } from "./policies.rules.ts";

/**
 * Everything that bounds a caller: the tenant's limits, its key's own, and prepaid credit.
 *
 * Whoever holds a key may make others with limits of their choice, so a key's own limit never frees it from one that the whole
 * tenant or a model shares: it stands beside it. It takes the place only of a limit of the same name that counts per key.
 *
 * @param own  the key's own limits, which count per key; null: none
 */
export function limitsOfCaller(
  { limits: tenant, isPrepaid }: Pick<TenantPolicy, "limits" | "isPrepaid">,
  own: Limits | null,
  creditMicroUsd: number,
): Limits {
  const { rates, quotas, concurrency } = own ?? NONE;
  return {
    rates: narrow(tenant.rates, rates),
    quotas: [...narrow(tenant.quotas, quotas), ...(isPrepaid ? [creditQuota(creditMicroUsd)] : [])],
    concurrency: narrow(tenant.concurrency, concurrency),
  };
}

const NONE: Limits = { rates: [], quotas: [], concurrency: [] };

function narrow<T extends { readonly name: string; readonly per: string }>(
  tenant: readonly T[],
  own: readonly T[],
): T[] {
  const isReplaced = ({ name, per }: T): boolean => per === "key" && own.some((limit) => limit.name === name);
  return [...tenant.filter((limit) => !isReplaced(limit)), ...own];
}

function creditQuota(limit: number): Limits["quotas"][number] {
  return { name: CREDIT_POLICY, per: "tenant", unit: "micro_usd", window: "ever", limit, isSoft: false };
}
