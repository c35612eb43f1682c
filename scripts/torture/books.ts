/** What the API says afterwards about a tenant's calls. */
import { z } from "zod";

import { succeed } from "../start/api.ts";
import { HAS_LEDGER } from "./contract.ts";
import type { Server } from "./server.ts";
import type { Tenant } from "./tenants.ts";

const rowSchema = z.object({
  seq: z.number(),
  kind: z.enum(["charge", "settlement", "credit"]),
  entry_id: z.string(),
  at: z.iso.datetime().transform((at) => Date.parse(at)),
  units: z.number(),
  outcome: z.string(),
  idempotency_key: z.string().nullish(),
  previous_hash: z.string(),
  hash: z.string(),
});
/** A row of the ledger. `at` is in milliseconds since 1970. */
export type LedgerRow = z.infer<typeof rowSchema>;

const pageSchema = z.object({ data: z.array(rowSchema) });

const verdictSchema = z.object({
  valid: z.boolean(),
  rows: z.number(),
  head_hash: z.string().nullish(),
  fault: z.unknown().optional(),
});
export type Verdict = z.infer<typeof verdictSchema>;

const usageSchema = z.object({
  data: z.array(z.object({ start: z.iso.datetime().transform((at) => Date.parse(at)), inferences: z.number() })),
  total: z.object({ inferences: z.number() }),
});
/** Charged inferences by minute, and their sum. `start` is in milliseconds since 1970. */
export type Usage = z.infer<typeof usageSchema>;

/** One tenant's books, read through the API. */
export interface Books {
  readonly usage: Usage;
  readonly ledger: Ledger | undefined;
}

export interface Ledger {
  readonly rows: readonly LedgerRow[];
  readonly verdict: Verdict;
}

const PAGE_ROWS = 1000;

/** Read all that was counted since a moment, in milliseconds since 1970. */
export async function readBooks({ baseUrl }: Server, { apiKey: token }: Tenant, fromMs: number): Promise<Books> {
  const query = new URLSearchParams({ from: new Date(fromMs).toISOString(), granularity: "minute" });
  const usage = usageSchema.parse(await succeed(`${baseUrl}/v1/usage?${query.toString()}`, { token }));
  return { usage, ledger: HAS_LEDGER ? await readLedger(`${baseUrl}/v1/usage/ledger`, token) : undefined };
}

async function readLedger(url: string, token: string): Promise<Ledger> {
  const rows: LedgerRow[] = [];
  for (let after = 0; ;) {
    const { data } = pageSchema.parse(await succeed(`${url}?limit=${PAGE_ROWS}&after=${after}`, { token }));
    rows.push(...data);
    const last = data.at(-1);
    if (!last) break;
    after = last.seq;
  }
  return { rows, verdict: verdictSchema.parse(await succeed(`${url}/verify`, { token })) };
}
