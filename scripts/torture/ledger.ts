/** A tenant's ledger, row by row. */
import { z } from "zod";

import { succeed } from "../start/api.ts";
import { HAS_LEDGER_ROUTES } from "./contract.ts";
import { callControl } from "./control-client.ts";
import type { Server } from "./server.ts";
import type { Tenant } from "./tenants.ts";

const text = z.string().nullable();
const rowSchema = z.object({
  seq: z.number(),
  kind: z.enum(["charge", "settlement", "credit"]),
  entryId: z.string(),
  atMs: z.number(),
  keyId: text,
  modelId: text,
  model: text,
  versionId: text,
  version: z.number().nullable(),
  runtime: text,
  units: z.number(),
  rateMicroUsd: z.number(),
  costMicroUsd: z.number(),
  outcome: z.string(),
  computeMs: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  idempotencyKey: text,
  previousHash: z.string(),
  hash: z.string(),
});
/** One row. `units` is 1 for a charge, −1 for a settlement that gives it back, and 0 otherwise. */
export type LedgerRow = z.infer<typeof rowSchema>;

/** What the server itself says of the chain: how many rows follow from one another, and whether all do. */
export interface Verification {
  readonly isValid: boolean;
  readonly rows: number;
}

const pageSchema = z.object({ data: z.array(z.record(z.string(), z.unknown())) });
const verificationSchema = z.object({ valid: z.boolean(), rows: z.number(), next: z.string().nullable() });

/** Read all rows, in their order. */
export async function readLedger(server: Server, tenant: Tenant): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (;;) {
    const { data } = pageSchema.parse(await readPage(server, tenant, rows.at(-1)?.seq ?? 0));
    if (data.length === 0) return rows;
    for (const row of data) rows.push(rowSchema.parse(HAS_LEDGER_ROUTES ? fromWire(row) : row));
  }
}

async function readPage(server: Server, { id, apiKey: token }: Tenant, after: number): Promise<unknown> {
  if (!HAS_LEDGER_ROUTES) return await callControl(server, "GET", `ledger?tenant_id=${id}&after=${after}`);
  return await succeed(`${server.baseUrl}/v1/usage/ledger?limit=1000&after=${after}`, { token });
}

/** A row as the API writes it, by the names that it has here. */
function fromWire({ at, ...row }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const renamed = Object.entries(row).map(([name, value]): [string, unknown] => [
    name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return { ...Object.fromEntries(renamed), atMs: Date.parse(String(at)) };
}

/** Have the server verify the chain, from its first row to its last; undefined where the API can't yet. */
export async function verifyLedger(server: Server, { apiKey: token }: Tenant): Promise<Verification | undefined> {
  if (!HAS_LEDGER_ROUTES) return undefined;
  const url = `${server.baseUrl}/v1/usage/ledger/verify`;
  let rows = 0;
  for (let after = ""; ;) {
    const found = verificationSchema.parse(await succeed(`${url}${after}`, { token }));
    rows += found.rows;
    if (!found.valid || found.next === null) return { isValid: found.valid, rows };
    after = `?after=${found.next}`;
  }
}
