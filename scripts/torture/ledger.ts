/** A tenant's ledger, row by row. */
import { z } from "zod";

import { succeed } from "../start/api.ts";
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
export async function readLedger({ baseUrl }: Server, { apiKey: token }: Tenant): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (;;) {
    const url = `${baseUrl}/v1/usage/ledger?limit=1000&after=${rows.at(-1)?.seq ?? 0}`;
    const { data } = pageSchema.parse(await succeed(url, { token }));
    if (data.length === 0) return rows;
    for (const row of data) rows.push(rowSchema.parse(fromWire(row)));
  }
}

/** A row as the API writes it, by the names that it has here. */
function fromWire({ at, ...row }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const renamed = Object.entries(row).map(([name, value]): [string, unknown] => [
    name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return { ...Object.fromEntries(renamed), atMs: Date.parse(String(at)) };
}

/** Have the server verify the chain, from its first row to its last. */
export async function verifyLedger(server: Server, { apiKey: token }: Tenant): Promise<Verification> {
  const url = `${server.baseUrl}/v1/usage/ledger/verify`;
  let rows = 0;
  for (let after = ""; ;) {
    const found = verificationSchema.parse(await succeed(`${url}${after}`, { token }));
    rows += found.rows;
    if (!found.valid || found.next === null) return { isValid: found.valid, rows };
    after = `?after=${found.next}`;
  }
}
