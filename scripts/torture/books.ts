/** What the server says afterwards about a tenant's calls. */
import { z } from "zod";

import { succeed } from "../start/api.ts";
import { type LedgerRow, type Verification, readLedger, verifyLedger } from "./ledger.ts";
import type { Server } from "./server.ts";
import type { Tenant } from "./tenants.ts";

const figures = { inferences: z.number(), compute_ms: z.number(), bytes_in: z.number(), bytes_out: z.number() };
const minuteSchema = z.object({ start: z.iso.datetime().transform((at) => Date.parse(at)), ...figures });
const usageSchema = z.object({ data: z.array(minuteSchema), total: z.object(figures) });

/** What was charged and used in the minute that began at `start`, in milliseconds since 1970. */
export type UsageMinute = z.infer<typeof minuteSchema>;

const currentSchema = z.object({
  quotas: z.array(
    z.object({
      name: z.string(),
      window_start: z.iso.datetime().transform((at) => Date.parse(at)),
      limit: z.number(),
      used: z.number(),
      held: z.number(),
    }),
  ),
});

/** What is told of one quota. `window_start` is in milliseconds since 1970. */
export type QuotaReading = z.infer<typeof currentSchema>["quotas"][number];

/** One tenant's books. */
export interface Books {
  readonly usage: { readonly data: readonly UsageMinute[]; readonly total: { readonly inferences: number } };
  /** In the order of the ledger. */
  readonly ledger: readonly LedgerRow[];
  readonly verification: Verification;
  /** The quotas as they are told to be now; undefined where the API doesn't tell yet. */
  readonly quotas: readonly QuotaReading[] | undefined;
}

const MINUTE_MS = 60_000;

/** Read all that was counted since the minute of a moment, in milliseconds since 1970. */
export async function readBooks(server: Server, tenant: Tenant, fromMs: number): Promise<Books> {
  const query = new URLSearchParams({
    from: new Date(fromMs - (fromMs % MINUTE_MS)).toISOString(),
    granularity: "minute",
  });
  const url = `${server.baseUrl}/v1/usage?${query.toString()}`;
  const usage = usageSchema.parse(await succeed(url, { token: tenant.apiKey }));
  const quotas = await readQuotas(server, tenant);
  return {
    usage,
    quotas,
    ledger: await readLedger(server, tenant),
    verification: await verifyLedger(server, tenant),
  };
}

async function readQuotas({ baseUrl }: Server, { apiKey: token }: Tenant): Promise<QuotaReading[]> {
  return currentSchema.parse(await succeed(`${baseUrl}/v1/usage/current`, { token })).quotas;
}
