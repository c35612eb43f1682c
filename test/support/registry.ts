import { env } from "cloudflare:workers";
import type { TestTenant } from "./tenant.ts";

/** The keys of all objects that R2 holds of a tenant. */
export async function storedObjects(tenant: TestTenant): Promise<string[]> {
  const { objects } = await env.MODELS.list({ prefix: `tenants/${tenant.id}/` });
  return objects.map(({ key }) => key);
}

/** How many rows D1 holds of a tenant's models, versions and aliases. */
export async function storedRows(tenant: TestTenant): Promise<{ models: number; versions: number; aliases: number }> {
  const count = async (table: "models" | "versions" | "aliases"): Promise<number> => {
    const counted = env.DB.prepare(`SELECT count(*) AS rows FROM ${table} WHERE tenant_id = ?`).bind(tenant.id);
    return (await counted.first<number>("rows")) ?? -1;
  };
  return { models: await count("models"), versions: await count("versions"), aliases: await count("aliases") };
}
