import { z } from "zod";
import { DEFAULT_ALIAS } from "../../src/admission/deployments.rules.ts";
import type { Doer } from "../../src/events/audit.rules.ts";
import { createKey } from "../../src/identity/keys.service.ts";
import { findModelTree, insertModel, insertVersion } from "../../src/models/models.store.ts";
import type { Services } from "../../src/services.ts";
import { type TenantId, isId, newId } from "../../src/shared/ids.ts";
import { createTenant } from "../../src/tenants/tenants.service.ts";
import { findTenant } from "../../src/tenants/tenants.store.ts";

const UNBOUND = { allowedIps: null, limits: null, models: null, expiresAtMs: null };

/** Which tenant and which of its models to copy. */
export const copySchema = z.object({
  templateId: z.string().refine((id): id is TenantId => isId("ten", id)),
  model: z.string(),
});

const THE_BENCHMARK: Doer = { actor: { kind: "system" }, origin: { ipAddress: "", userAgent: "", requestId: "" } };

/**
 * Register a tenant like another one, with a copy of its model's row and without the model's file.
 *
 * Uploading the file for each sample would leave an isolate of some 80 MB behind for each.
 */
export async function copyTenant(
  services: Services,
  wish: z.infer<typeof copySchema>,
): Promise<{ tenantId: TenantId; key: string }> {
  const template = await findTenant(wish.templateId, services.db);
  const tree = await findModelTree(wish.templateId, services.db, wish.model);
  const version = tree?.versions[0];
  if (!template || !version) throw new Error("The tenant to copy has no such model.");
  const { id: _id, ...like } = template;
  const created = await createTenant(services, like, THE_BENCHMARK);
  if (created.kind !== "registered") throw new Error("A tenant without a jurisdiction is always registered.");
  const tenantId = created.tenant.id;
  const { key } = await createKey(
    tenantId,
    services,
    { name: template.name, scopes: ["models:infer"], mode: "live", ...UNBOUND },
    { ...THE_BENCHMARK, createdBy: "operator", userId: null },
  );
  const createdAtMs = services.now();
  const modelId = newId("mdl", createdAtMs);
  await insertModel(tenantId, services.db, { id: modelId, name: wish.model, description: "", createdAtMs });
  const { tenantId: _tenant, number: _number, ...row } = version;
  const copy = { ...row, id: newId("ver", createdAtMs), modelId, createdAtMs };
  await insertVersion(tenantId, services.db, copy, DEFAULT_ALIAS);
  await services.refresh(tenantId, { kind: "model", modelId });
  return { tenantId, key };
}
