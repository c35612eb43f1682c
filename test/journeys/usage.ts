import { z } from "zod";
import type { Tenant } from "./tenant.ts";

const usageSchema = z.object({
  total: z.object({
    inferences: z.number(),
    rejected: z.number(),
    failed: z.number(),
    refusals: z.record(z.string(), z.number()),
  }),
});

/** What a tenant's ledger says of the last day. */
export async function readUsage(tenant: Tenant) {
  return usageSchema.parse(await (await tenant.call("GET", "/v1/usage")).json()).total;
}
