/** What the ledger's rows must say of the calls that were made. */
import { type Account, type Check, look } from "./account.ts";
import type { QuotaReading, UsageMinute } from "./books.ts";
import type { CallRecord } from "./call-record.ts";
import { brokenLink } from "./chain.ts";
import type { LedgerRow } from "./ledger.ts";
import { overQuota, overdrafts } from "./limits.ts";

/** All checks of one tenant that compare with its ledger, row by row. */
export function checkLedger({ tenant, records, books }: Account): Check[] {
  const { usage, ledger: rows, verification, quotas = [] } = books;
  const charges = rows.filter(({ kind }) => kind === "charge");
  return [
    ...checkCharges(records, rows),
    look("the hash chain holds", rows, (row, index) => brokenLink(tenant.id, row, rows[index - 1])),
    look("the server's own verification agrees", [verification], ({ isValid, rows: count }) => {
      if (isValid && count === rows.length) return undefined;
      return `${tenant.name}: valid: ${String(isValid)}, ${count} rows verified, ${rows.length} read`;
    }),
    checkRollups(usage.data, rows),
    checkQuotas(quotas, rows),
    { name: "no rate was exceeded", looked: charges.length, differences: overdrafts(charges, tenant.limits.rate) },
    { name: "no quota was exceeded", looked: charges.length, differences: overQuota(rows, tenant.limits.perDay) },
  ];
}

/** Calls against charges, both ways. */
function checkCharges(records: readonly CallRecord[], rows: readonly LedgerRow[]): Check[] {
  const charges = rows.filter(({ kind }) => kind === "charge");
  const entries = Map.groupBy(rows, (row) => row.entryId);
  const unitsOf = (entry: string): number => sum((entries.get(entry) ?? []).map(({ units }) => units));
  const entriesOfKeys = Map.groupBy(charges, (row) => row.idempotencyKey ?? "");
  const charged = (key: string): number => sum((entriesOfKeys.get(key) ?? []).map((row) => unitsOf(row.entryId)));
  const answered = records.filter(({ successes }) => successes.length > 0);
  const certain = records.filter(({ isDoubtful }) => !isDoubtful);
  const refused = certain.filter(({ refusals, rejections, successes }) => {
    return refusals > 0 && rejections === 0 && successes.length === 0;
  });
  const rejected = certain.filter(({ rejections }) => rejections > 0);
  const keys = new Set(records.map(({ key }) => key));
  return [
    look("every answered call has exactly one charge", answered, ({ key, successes }) => {
      const ofEntry = unitsOf(successes[0]?.entryId ?? "");
      if (ofEntry === 1 && charged(key) === 1) return undefined;
      return `${key}: its entry is charged ${ofEntry} times, its key ${charged(key)} times`;
    }),
    look("no key is charged twice", records, ({ key }) => {
      return charged(key) > 1 ? `${key} is charged ${charged(key)} times` : undefined;
    }),
    look("no refused call is charged", refused, ({ key }) => {
      return charged(key) > 0 ? `${key} is charged ${charged(key)} times` : undefined;
    }),
    look("no rejected call is charged", rejected, ({ key }) => {
      return charged(key) > 0 ? `${key} is charged ${charged(key)} times` : undefined;
    }),
    look("nothing is charged that nobody asked for", charges, ({ entryId, idempotencyKey }) => {
      return keys.has(idempotencyKey ?? "") ? undefined : `${entryId} has the key ${idempotencyKey ?? "none"}`;
    }),
    checkEntries(entries),
    checkReceipts(answered, charges),
  ];
}

/** Each is charged, and settled once; none is left open, since all leases are over. */
function checkEntries(entries: ReadonlyMap<string, readonly LedgerRow[]>): Check {
  return look("every entry is charged and settled once", [...entries], ([entry, rows]) => {
    const [first, second] = rows;
    const isWhole = rows.length === 2 && first?.kind === "charge" && second?.kind === "settlement";
    const refund = second?.outcome === "rejected" || second?.outcome === "failed" ? -1 : 0;
    if (isWhole && first.units === 1 && second.units === refund) return undefined;
    return `${entry}: ${rows.map(({ kind, outcome, units }) => `${kind} ${outcome} of ${units}`).join(", ")}`;
  });
}

/** The answer of the run that was charged has its receipt, and no answer has another one. */
function checkReceipts(answered: readonly CallRecord[], charges: readonly LedgerRow[]): Check {
  const hashes = new Map(charges.map(({ entryId, hash }) => [entryId, hash]));
  return look("every receipt is the hash of its charge", answered, ({ key, successes }) => {
    const wrong = successes.find(({ entryId, receipt, isReplayed }) => {
      return receipt === undefined ? !isReplayed : receipt !== hashes.get(entryId);
    });
    return wrong && `${key} has the receipt ${wrong.receipt ?? "none"} for ${wrong.entryId}`;
  });
}

/** Minute by minute; an inference belongs to the minute of its charge, whenever it was settled. */
function checkRollups(usage: readonly UsageMinute[], rows: readonly LedgerRow[]): Check {
  const chargedAtMs = new Map(rows.filter(({ kind }) => kind === "charge").map((row) => [row.entryId, row.atMs]));
  const minuteOf = ({ entryId, atMs }: LedgerRow): number =>
    Math.floor((chargedAtMs.get(entryId) ?? atMs) / 60_000) * 60_000;
  const byMinute = Map.groupBy(rows, minuteOf);
  const rolledUp = new Map(usage.map((minute) => [minute.start, minute]));
  return look("roll-ups equal the ledger", [...new Set([...byMinute.keys(), ...rolledUp.keys()])], (start) => {
    const told = describe(rolledUp.get(start));
    const own = byMinute.get(start) ?? [];
    const counted = describe({
      inferences: sum(own.map(({ units }) => units)),
      compute_ms: sum(own.map(({ computeMs }) => computeMs)),
      bytes_in: sum(own.map(({ bytesIn }) => bytesIn)),
      bytes_out: sum(own.map(({ bytesOut }) => bytesOut)),
    });
    return told === counted
      ? undefined
      : `${new Date(start).toISOString()}: ${told} in roll-ups, ${counted} in the ledger`;
  });
}

/** What is told of a quota is what the ledger has since its window began, and nothing is held when all has ended. */
function checkQuotas(quotas: readonly QuotaReading[], rows: readonly LedgerRow[]): Check {
  const chargedAtMs = new Map(rows.filter(({ kind }) => kind === "charge").map((row) => [row.entryId, row.atMs]));
  return look("quotas are told as the ledger has them", quotas, ({ name, window_start: startMs, used, held }) => {
    const within = rows.filter(({ entryId }) => (chargedAtMs.get(entryId) ?? 0) >= startMs);
    const counted = sum(within.map(({ units }) => units));
    if (used === counted && held === 0) return undefined;
    return `${name}: ${used} used and ${held} held are told, ${counted} in the ledger`;
  });
}

function describe(figures: Omit<UsageMinute, "start"> | undefined): string {
  if (!figures) return "nothing";
  const { inferences, compute_ms: computeMs, bytes_in: bytesIn, bytes_out: bytesOut } = figures;
  return `${inferences} inferences, ${computeMs} ms, ${bytesIn} and ${bytesOut} bytes`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
