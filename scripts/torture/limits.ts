/** Whether a tenant's limits held, worked out from the times in its ledger alone. */
import type { LedgerRow } from "./ledger.ts";
import type { Limits } from "./tenants.ts";

const MS_PER_DAY = 86_400_000;
/** Thousandths of a call: at r calls a second, 1 ms grants exactly r of them. */
const MILLI = 1000;

/**
 * Charges that a token bucket, full at first, would not have let through.
 *
 * @param charges  in the order of the ledger
 */
export function overdrafts(charges: readonly LedgerRow[], rate: Limits["rate"]): string[] {
  if (!rate) return [];
  const full = rate.burst * MILLI;
  let left = full;
  let lastMs = charges[0]?.atMs ?? 0;
  return charges.flatMap(({ seq, atMs }) => {
    left = Math.min(full, left + Math.max(0, atMs - lastMs) * rate.perSecond) - MILLI;
    lastMs = atMs;
    return left < 0 ? [`row ${seq} came ${-left / MILLI} calls too soon`] : [];
  });
}

/**
 * Charges beyond what a day allows. A refund makes room on the day of its charge.
 *
 * @param rows  in the order of the ledger
 */
export function overQuota(rows: readonly LedgerRow[], perDay: number | undefined): string[] {
  if (perDay === undefined) return [];
  const dayOfEntry = new Map<string, number>();
  const used = new Map<number, number>();
  return rows.flatMap(({ seq, kind, entryId, atMs, units }) => {
    if (kind === "charge") dayOfEntry.set(entryId, Math.floor(atMs / MS_PER_DAY));
    const day = dayOfEntry.get(entryId) ?? 0;
    const sum = (used.get(day) ?? 0) + units;
    used.set(day, sum);
    return units > 0 && sum > perDay ? [`row ${seq} is number ${sum} of ${perDay} in its day`] : [];
  });
}
