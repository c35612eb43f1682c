/** A tenant's ledger, row by row. */
import { z } from "zod";

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

const pageSchema = z.object({ data: z.array(rowSchema) });

/** Read all rows, in their order. */
export async function readLedger(server: Server, { id }: Tenant): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (;;) {
    const after = rows.at(-1)?.seq ?? 0;
    const { data } = pageSchema.parse(await callControl(server, "GET", `ledger?tenant_id=${id}&after=${after}`));
    if (data.length === 0) return rows;
    rows.push(...data);
  }
}
