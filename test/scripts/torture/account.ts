import type { Account, Check } from "../../../scripts/torture/account.ts";
import type { UsageMinute } from "../../../scripts/torture/books.ts";
import { CallRecord } from "../../../scripts/torture/call-record.ts";
import { hashOf, rootHash } from "../../../scripts/torture/chain.ts";
import type { Answer } from "../../../scripts/torture/exchange.ts";
import type { LedgerRow } from "../../../scripts/torture/ledger.ts";
import type { Limits } from "../../../scripts/torture/tenants.ts";
import { CHARGE } from "../../support/charge.ts";

const TENANT = "ten_1";

/** A call that met these answers, in this order. Its key is `torture-0-<index>`. */
export function call(index: number, ...answers: readonly Answer[]): CallRecord {
  const record = new CallRecord({ index, tenant: 0, question: 0, repeat: undefined }, "0");
  for (const answer of answers) record.learn(answer);
  return record;
}

/** A call that asks what no model can answer. */
export function nonsense(index: number, ...answers: readonly Answer[]): CallRecord {
  const record = new CallRecord({ index, tenant: 0, question: "nonsense", repeat: undefined }, "0");
  for (const answer of answers) record.learn(answer);
  return record;
}

/** An answer of status 200 to a repetition, which has no receipt. */
export function success(entryId: string, text = "setosa"): Answer {
  const headers = { "tensorgate-entry": entryId, "idempotent-replayed": "true" };
  return { kind: "answered", status: 200, headers, text };
}

/** An answer of status 200 to the request that was charged. */
export function firstSuccess(entryId: string, receipt: string | undefined): Answer {
  const headers = { "tensorgate-entry": entryId, ...(receipt !== undefined && { "tensorgate-receipt": receipt }) };
  return { kind: "answered", status: 200, headers, text: "setosa" };
}

export function answered(status: number, text = ""): Answer {
  return { kind: "answered", status, headers: {}, text };
}

export const LOST: Answer = { kind: "lost", reason: "ECONNRESET" };

type Given = Partial<LedgerRow>;

/** A row that charges an entry to the call of this index. */
export function charge(entryId: string, index: number, atMs = 0): Given {
  return { kind: "charge", entryId, idempotencyKey: `torture-0-${index}`, atMs, units: 1, outcome: "pending" };
}

/** A row that says how an entry ended. */
export function settlement(
  entryId: string,
  outcome: "ok" | "unsettled" | "failed" | "rejected" = "ok",
  atMs = 0,
): Given {
  return { kind: "settlement", entryId, atMs, units: outcome === "failed" || outcome === "rejected" ? -1 : 0, outcome };
}

/** Number rows and chain them. */
export function chain(...given: readonly Given[]): LedgerRow[] {
  let previousHash = rootHash(TENANT);
  return given.map((row, index) => {
    const linked = { ...CHARGE, ...row, seq: index + 1, previousHash };
    previousHash = hashOf(linked);
    return { ...linked, hash: previousHash };
  });
}

/** A tenant's account whose roll-ups agree with its ledger, all in the first minute of 1970. */
export function account(
  records: readonly CallRecord[],
  ledger: readonly LedgerRow[],
  limits: Partial<Limits> = {},
): Account {
  const inferences = ledger.reduce((sum, { units }) => sum + units, 0);
  const minute: UsageMinute = { start: 0, inferences, compute_ms: 0, bytes_in: 0, bytes_out: 0 };
  return {
    tenant: { id: TENANT, name: "Acme", apiKey: "", limits: { rate: undefined, perDay: undefined, ...limits } },
    records,
    books: {
      usage: { data: ledger.length === 0 ? [] : [minute], total: { inferences } },
      ledger,
      verification: { isValid: true, rows: ledger.length },
      quotas: [{ name: "inferences-day", window_start: 0, limit: 1_000, used: inferences, held: 0 }],
    },
  };
}

/** What differs, by the name of the check; checks without differences are left out. */
export function differencesOf(checks: readonly Check[]): Record<string, readonly string[]> {
  const failed = checks.filter(({ differences }) => differences.length > 0);
  return Object.fromEntries(failed.map(({ name, differences }) => [name, differences]));
}
