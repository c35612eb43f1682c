import type { Account, Check } from "../../../scripts/torture/account.ts";
import type { LedgerRow } from "../../../scripts/torture/books.ts";
import { CallRecord } from "../../../scripts/torture/call-record.ts";
import type { Answer } from "../../../scripts/torture/exchange.ts";
import type { Limits } from "../../../scripts/torture/tenants.ts";

/** A call that met these answers, in this order. Its key is `torture-0-<index>`. */
export function call(index: number, ...answers: readonly Answer[]): CallRecord {
  const record = new CallRecord({ index, tenant: 0, question: 0, repeat: undefined }, "0");
  for (const answer of answers) record.learn(answer);
  return record;
}

/** An answer of status 200. Its receipt is what {@link charge} of the same entry has as its hash. */
export function success(entryId: string, text = "setosa"): Answer {
  const headers = { "tensorgate-entry": entryId, "tensorgate-receipt": `hash of ${entryId}` };
  return { kind: "answered", status: 200, headers, text };
}

export function answered(status: number, text = ""): Answer {
  return { kind: "answered", status, headers: {}, text };
}

export const LOST: Answer = { kind: "lost", reason: "ECONNRESET" };

/** A row that charges an entry to the call of this index. */
export function charge(entryId: string, index: number, at = 0): Partial<LedgerRow> {
  return {
    kind: "charge",
    entry_id: entryId,
    idempotency_key: `torture-0-${index}`,
    at,
    units: 1,
    hash: `hash of ${entryId}`,
  };
}

/** A row that says how an entry ended; it gives the charge back where `units` is −1. */
export function settlement(entryId: string, units: 0 | -1 = 0): Partial<LedgerRow> {
  return { kind: "settlement", entry_id: entryId, units };
}

/** Number rows and chain them. */
export function chain(...given: readonly Partial<LedgerRow>[]): LedgerRow[] {
  let previousHash = "root";
  return given.map((row, index) => {
    const defaults = { seq: index + 1, kind: "charge", entry_id: "", at: 0, units: 1, outcome: "" } as const;
    const linked = { ...defaults, hash: `row ${index + 1}`, ...row, previous_hash: previousHash };
    previousHash = linked.hash;
    return linked;
  });
}

/** A tenant's account whose roll-ups and verification agree with its ledger. */
export function account(
  records: readonly CallRecord[],
  rows: readonly LedgerRow[],
  limits: Partial<Limits> = {},
): Account {
  const inferences = rows.reduce((sum, { units }) => sum + units, 0);
  return {
    tenant: { id: "ten_1", name: "Acme", apiKey: "", limits: { rate: undefined, perDay: undefined, ...limits } },
    records,
    books: {
      usage: { data: [], total: { inferences } },
      ledger: { rows, verdict: { valid: true, rows: rows.length } },
    },
  };
}

/** What differs, by the name of the check; checks without differences are left out. */
export function differencesOf(checks: readonly Check[]): Record<string, readonly string[]> {
  const failed = checks.filter(({ differences }) => differences.length > 0);
  return Object.fromEntries(failed.map(({ name, differences }) => [name, differences]));
}
