import { expect } from "vitest";
import type { WireOverrides } from "../../src/admission/limits.schemas.ts";
import { type EntryId, newId } from "../../src/shared/ids.ts";
import type { Settlement } from "../../src/usage/ledger.rules.ts";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { deploy } from "../support/models.ts";
import { type TestTenant, callAsOperator, newTenant } from "../support/tenant.ts";

/** A quota as the API takes it: ten inferences a day, but for what is said otherwise. */
export function quota(changed: Partial<WireOverrides["quotas"][number]> = {}): WireOverrides["quotas"][number] {
  return { name: "q", per: "tenant", unit: "inferences", window: "day", limit: 10, soft: false, ...changed };
}

/** A tenant with a model `m` and limits of its own. */
export async function tenantLimitedBy(overrides: Partial<WireOverrides>): Promise<TestTenant> {
  const tenant = await newTenant();
  await limitBy(tenant, overrides);
  await deploy(tenant, "m");
  return tenant;
}

/** Give a tenant these limits in the place of those that it has. */
export async function limitBy(tenant: TestTenant, overrides: Partial<WireOverrides>): Promise<void> {
  const response = await callAsOperator("PATCH", `/admin/tenants/${tenant.id}`, { json: { overrides } });
  expect(response.status).toBe(200);
}

/** Admit so many inferences in one batch, each of which must be. */
export async function admit(tenant: TestTenant, count: number, model = "m"): Promise<EntryId[]> {
  const requests = Array.from({ length: count }, () => inferRequest(tenant, model));
  return (await cellOf(tenant).admit(requests)).map((answer) => requireAdmitted(answer).entryId);
}

/** Settle inferences in one batch. */
export async function settle(
  tenant: TestTenant,
  ids: readonly EntryId[],
  changed: Partial<Settlement> = {},
): Promise<void> {
  await cellOf(tenant).settle(ids.map((id) => settlementOf(id, changed)));
}

/** Grant credit in advance. */
export async function grantCredit(tenant: TestTenant, microUsd: number): Promise<void> {
  await cellOf(tenant).grantCredit(newId("evt", 0), microUsd);
}
