import { and, eq } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { ModelId, TenantId } from "../shared/ids.ts";
import { models, versions } from "./models.tables.ts";

/** All versions of all of the tenant's models, by name and number; a model without any is there once. */
export async function listRepository(tenantId: TenantId, db: Database) {
  const { name, loaded } = models;
  const { number, retiredAtMs } = versions;
  return await db
    .select({ name, loaded, number, retiredAtMs })
    .from(models)
    .leftJoin(versions, eq(versions.modelId, models.id))
    .where(eq(models.tenantId, tenantId))
    .orderBy(models.name, versions.number);
}

/** Load or unload a model; its id, or undefined when there is none of this name. */
export async function setLoaded(
  tenantId: TenantId,
  db: Database,
  name: string,
  loaded: boolean,
): Promise<ModelId | undefined> {
  const [row] = await db
    .update(models)
    .set({ loaded })
    .where(and(eq(models.tenantId, tenantId), eq(models.name, name)))
    .returning({ id: models.id });
  return row?.id;
}
