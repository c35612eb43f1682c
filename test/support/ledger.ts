import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect } from "vitest";
import type { EntryId } from "../../src/shared/ids.ts";
import type { LedgerRecord } from "../../src/usage/ledger-record.rules.ts";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "./cell.ts";
import { type TestTenant, callAsOperator } from "./tenant.ts";

/** A row as the API shows it. */
export type WireRow = Omit<LedgerRecord, "at_ms"> & { at: string };

/** What the API says of the ledger's chain. */
export interface WireVerification {
  readonly valid: boolean;
  readonly rows: number;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  readonly head_hash: string;
  readonly genesis_hash: string;
  readonly fault: { readonly seq: number; readonly reason: string } | null;
  readonly next: string | null;
}

/** Admit and settle so many inferences of a model: two rows each, all charges before all settlements. */
export async function addEntries(tenant: TestTenant, model: string, count: number): Promise<EntryId[]> {
  const cell = cellOf(tenant);
  const admitted = await cell.admit(Array.from({ length: count }, () => inferRequest(tenant, model)));
  const ids = admitted.map((answer) => requireAdmitted(answer).entryId);
  await cell.settle(ids.map((id) => settlementOf(id)));
  return ids;
}

/** All rows of a tenant's ledger, page by page. */
export async function pageThrough(tenant: TestTenant, limit: number): Promise<WireRow[]> {
  const rows: WireRow[] = [];
  for (let after: string | null = "0"; after !== null;) {
    const response = await tenant.call("GET", `/v1/usage/ledger?limit=${limit}&after=${after}`);
    expect(response.status).toBe(200);
    const page: { data: WireRow[]; next: string | null } = await response.json();
    expect(page.data.length).toBeLessThanOrEqual(limit);
    rows.push(...page.data);
    after = page.next;
  }
  return rows;
}

/** All rows as an export has them, or those of a query. */
export async function exportRows(
  tenant: TestTenant,
  query = "",
  accept = "application/x-ndjson",
): Promise<LedgerRecord[]> {
  const response = await tenant.call("GET", `/v1/usage/ledger${query}`, { headers: { Accept: accept } });
  expect(response.headers.get("Content-Type")).toBe("application/x-ndjson");
  return parseLines(await response.bytes());
}

/** The rows of JSON Lines. */
export function parseLines(bytes: Uint8Array): LedgerRecord[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  expect(lines.pop()).toBe(""); // each line is ended
  return lines.map((line) => JSON.parse(line) as LedgerRecord);
}

/** Ask for the ledger's verification. */
export async function verify(tenant: TestTenant, query: Record<string, string> = {}): Promise<WireVerification> {
  const response = await tenant.call("GET", `/v1/usage/ledger/verify?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return await response.json();
}

/** Do something to a cell's database that no code of ours would. */
export async function tamper(tenant: TestTenant, ...statements: string[]): Promise<void> {
  await runInDurableObject(cellOf(tenant), (_cell, state) => {
    for (const statement of statements) state.storage.sql.exec(statement);
  });
}

/** How many rows lie in the cell, and how many archives it has. */
export async function placesOf(tenant: TestTenant): Promise<{ rows: number; archives: number }> {
  return await runInDurableObject(cellOf(tenant), (_cell, state) =>
    state.storage.sql
      .exec<{ rows: number; archives: number }>(
        "SELECT (SELECT count(*) FROM ledger_rows) AS rows, (SELECT count(*) FROM ledger_archives) AS archives",
      )
      .one(),
  );
}

/** Keep ledger rows in the cell for a day only. */
export async function keepRowsForADay(tenant: TestTenant): Promise<void> {
  const json = { overrides: { ledger_retention_days: 1 } };
  const response = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json });
  expect(response.status).toBe(200);
}

/** Run the cell's alarm, as often as it is due. */
export async function runDueAlarms(tenant: TestTenant): Promise<void> {
  for (;;) {
    const alarmMs = await alarmOf(tenant);
    if (alarmMs === null || alarmMs > Date.now()) return;
    await runDurableObjectAlarm(cellOf(tenant));
  }
}

/** What the cell's alarm is set for; null when it is not set. */
export async function alarmOf(tenant: TestTenant): Promise<number | null> {
  return await runInDurableObject(cellOf(tenant), async (_cell, state) => await state.storage.getAlarm());
}
