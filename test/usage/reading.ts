import { expect } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

type Figures = {
  inferences: number;
  pending: number;
  ok: number;
  rejected: number;
  failed: number;
  unsettled: number;
  cost_micro_usd: number;
  compute_ms: number;
  bytes_in: number;
  bytes_out: number;
  refusals: Record<string, number>;
};
type Usage = {
  from: string;
  to: string;
  granularity: string;
  data: (Figures & { start: string } & Record<string, unknown>)[];
  total: Figures;
};

/** A tenant with these models. */
export async function tenantWith(...models: string[]): Promise<TestTenant> {
  const tenant = await newTenant();
  for (const model of models) await deploy(tenant, model);
  return tenant;
}

/** Call a model, to the end of its settlement. */
export async function infer(tenant: TestTenant, model: string, json: unknown = addOneRequest): Promise<Response> {
  return await callToTheEnd(tenant, "POST", `/v2/models/${model}/infer`, { json });
}

/** What `GET /v1/usage` answers. */
export async function readUsage(tenant: TestTenant, query: Record<string, string> = {}): Promise<Usage> {
  const response = await tenant.call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return await response.json();
}
