/** What the ledger's rows must say of the calls that were made. */
import { type Account, type Check, look } from "./account.ts";
import type { LedgerRow } from "./books.ts";
import type { CallRecord } from "./call-record.ts";
import { overQuota, overdrafts } from "./limits.ts";

/** All checks of one tenant that compare with its ledger, row by row; none where it has no ledger. */
export function checkLedger({ tenant, records, books }: Account): Check[] {
  if (!books.ledger) return [];
  const { rows, verdict } = books.ledger;
  const charges = rows.filter(({ kind }) => kind === "charge");
  const { inferences } = books.usage.total;
  return [
    ...checkCharges(records, rows),
    look("the hash chain holds", rows, (row, index) => brokenLink(row, rows[index - 1])),
    look("the server's own verification agrees", [verdict], ({ valid, rows: count }) => {
      if (valid && count === rows.length) return undefined;
      return `${tenant.name}: valid: ${String(valid)}, ${count} rows verified, ${rows.length} read`;
    }),
    look("roll-ups equal the ledger", [inferences], () => {
      const counted = sumUnits(rows);
      return inferences === counted ? undefined : `${tenant.name}: ${inferences} in roll-ups, ${counted} in the ledger`;
    }),
    { name: "no rate was exceeded", looked: charges.length, differences: overdrafts(charges, tenant.limits.rate) },
    { name: "no quota was exceeded", looked: charges.length, differences: overQuota(rows, tenant.limits.perDay) },
  ];
}

/** Calls against charges, both ways. */
function checkCharges(records: readonly CallRecord[], rows: readonly LedgerRow[]): Check[] {
  const charges = rows.filter(({ kind }) => kind === "charge");
  const entries = Map.groupBy(rows, (row) => row.entry_id);
  const unitsOf = (entry: string): number => sumUnits(entries.get(entry) ?? []);
  const entriesOfKeys = Map.groupBy(charges, (row) => row.idempotency_key ?? "");
  const charged = (key: string): number => sum((entriesOfKeys.get(key) ?? []).map((row) => unitsOf(row.entry_id)));
  const hashes = new Map(charges.map((row) => [row.entry_id, row.hash]));
  const answered = records.filter(({ successes }) => successes.length > 0);
  const refused = records.filter((record) => record.successes.length === 0 && !record.isDoubtful);
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
    look("nothing is charged that nobody asked for", charges, ({ entry_id: entry, idempotency_key: key }) => {
      return keys.has(key ?? "") ? undefined : `${entry} has the key ${key ?? "none"}`;
    }),
    look("every entry is charged once and refunded at most once", [...entries], ([entry, [first, ...rest]]) => {
      const isRight = first?.kind === "charge" && rest.every(({ kind }) => kind === "settlement") && rest.length <= 1;
      const units = unitsOf(entry);
      return isRight && (units === 0 || units === 1)
        ? undefined
        : `${entry}: ${rest.length + 1} rows of ${units} units`;
    }),
    look("every receipt is the hash of its charge", answered, ({ key, successes }) => {
      const wrong = successes.find(({ entryId, receipt }) => receipt === undefined || hashes.get(entryId) !== receipt);
      return wrong && `${key} has the receipt ${wrong.receipt ?? "none"}`;
    }),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sumUnits(rows: readonly LedgerRow[]): number {
  return sum(rows.map(({ units }) => units));
}

/** The chain begins with row 1, leaves none out, and each row names the hash of the one before. */
function brokenLink(row: LedgerRow, before: LedgerRow | undefined): string | undefined {
  if (row.seq !== (before?.seq ?? 0) + 1) return `row ${row.seq} follows row ${before?.seq ?? 0}`;
  if (!before || row.previous_hash === before.hash) return undefined;
  return `row ${row.seq} does not name the hash of the row before`;
}
