import { and, eq, gt, isNull, notExists, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { ModelId, TenantId, VersionId } from "../shared/ids.ts";
import { type AliasRow, type ModelRow, type VersionRow, aliases, models, versions } from "./models.tables.ts";

/** A model with all that hangs on it. */
export interface ModelTree {
  readonly model: ModelRow;
  readonly versions: VersionRow[];
  readonly aliases: AliasRow[];
}

/** A version before it has its number. */
export type NewVersion = Omit<VersionRow, "tenantId" | "number" | "retiredAtMs">;

/** Register a model's name; undefined when the tenant has one of that name. */
export async function insertModel(
  tenantId: TenantId,
  db: Database,
  model: Pick<ModelRow, "id" | "name" | "description" | "createdAtMs">,
): Promise<ModelRow | undefined> {
  const [row] = await db
    .insert(models)
    .values({ ...model, tenantId, lastVersion: 0 })
    .onConflictDoNothing({ target: [models.tenantId, models.name] })
    .returning();
  return row;
}

/** The tenant's models by name: one page and one row beyond. */
export async function listModels(
  tenantId: TenantId,
  db: Database,
  page: { limit: number; after: string | undefined },
): Promise<ModelRow[]> {
  const beyond = page.after === undefined ? undefined : gt(models.name, page.after);
  return await db
    .select()
    .from(models)
    .where(and(eq(models.tenantId, tenantId), beyond))
    .orderBy(models.name)
    .limit(page.limit + 1);
}

/** One model of the tenant by name, or undefined. */
export async function findModel(tenantId: TenantId, db: Database, name: string): Promise<ModelRow | undefined> {
  const [row] = await db
    .select()
    .from(models)
    .where(and(eq(models.tenantId, tenantId), eq(models.name, name)));
  return row;
}

/** One model of the tenant with its versions, oldest first, and its aliases; or undefined. */
export async function findModelTree(tenantId: TenantId, db: Database, name: string): Promise<ModelTree | undefined> {
  const model = await findModel(tenantId, db, name);
  if (!model) return undefined;
  const [versionRows, aliasRows] = await db.batch([
    db
      .select()
      .from(versions)
      .where(and(eq(versions.tenantId, tenantId), eq(versions.modelId, model.id)))
      .orderBy(versions.number),
    db
      .select()
      .from(aliases)
      .where(and(eq(aliases.tenantId, tenantId), eq(aliases.modelId, model.id)))
      .orderBy(aliases.name),
  ]);
  return { model, versions: versionRows, aliases: aliasRows };
}

/**
 * Give a new version the model's next number and write it; the model's very first version gets the alias.
 *
 * One transaction: two uploads at once get two numbers, and none is given for an upload that failed.
 *
 * @throws when the model was deleted meanwhile, by the database's own constraint
 */
export async function insertVersion(
  tenantId: TenantId,
  db: Database,
  version: NewVersion,
  firstAlias: string,
): Promise<VersionRow> {
  const { modelId, createdAtMs } = version;
  const number = sql<number>`(select ${models.lastVersion} from ${models} where ${models.id} = ${modelId})`;
  const [, [row]] = await db.batch([
    db
      .update(models)
      .set({ lastVersion: sql`${models.lastVersion} + 1` })
      .where(and(eq(models.tenantId, tenantId), eq(models.id, modelId))),
    db
      .insert(versions)
      .values({ ...version, tenantId, number })
      .returning(),
    db.insert(aliases).select(
      db
        .select({
          tenantId: models.tenantId,
          modelId: models.id,
          name: sql`${firstAlias}`.as("name"),
          versionNumber: models.lastVersion,
          updatedAtMs: sql`${createdAtMs}`.as("updated_at_ms"),
        })
        .from(models)
        .where(and(eq(models.tenantId, tenantId), eq(models.id, modelId), eq(models.lastVersion, 1))),
    ),
  ]);
  if (!row) throw new Error("D1 returned no row for a version that it inserted.");
  return row;
}

/** Point an alias at a version; undefined when the model has no such version, or it is retired. */
export async function putAlias(
  tenantId: TenantId,
  db: Database,
  alias: Omit<AliasRow, "tenantId">,
): Promise<AliasRow | undefined> {
  const { modelId, name, versionNumber, updatedAtMs } = alias;
  const [row] = await db
    .insert(aliases)
    .select(
      db
        .select({
          tenantId: versions.tenantId,
          modelId: versions.modelId,
          name: sql`${name}`.as("name"),
          versionNumber: versions.number,
          updatedAtMs: sql`${updatedAtMs}`.as("updated_at_ms"),
        })
        .from(versions)
        .where(
          and(
            eq(versions.tenantId, tenantId),
            eq(versions.modelId, modelId),
            eq(versions.number, versionNumber),
            isNull(versions.retiredAtMs),
          ),
        ),
    )
    .onConflictDoUpdate({ target: [aliases.modelId, aliases.name], set: { versionNumber, updatedAtMs } })
    .returning();
  return row;
}

/** Remove an alias; false when there is none of that name. */
export async function deleteAlias(tenantId: TenantId, db: Database, modelId: ModelId, name: string): Promise<boolean> {
  const rows = await db
    .delete(aliases)
    .where(and(eq(aliases.tenantId, tenantId), eq(aliases.modelId, modelId), eq(aliases.name, name)))
    .returning({ name: aliases.name });
  return rows.length > 0;
}

/** Remove a version unless callers are sent to it; false when they are or the version is gone. */
export async function deleteVersion(
  tenantId: TenantId,
  db: Database,
  version: { id: VersionId; modelId: ModelId; number: number },
): Promise<boolean> {
  const rows = await db
    .delete(versions)
    .where(and(eq(versions.tenantId, tenantId), eq(versions.id, version.id), unused(db, version)))
    .returning({ id: versions.id });
  return rows.length > 0;
}

/** Take a version out of service unless callers are sent to it; false when they are or the version is gone. */
export async function retire(
  tenantId: TenantId,
  db: Database,
  version: { id: VersionId; modelId: ModelId; number: number },
  nowMs: number,
): Promise<boolean> {
  const rows = await db
    .update(versions)
    .set({ retiredAtMs: sql`coalesce(${versions.retiredAtMs}, ${nowMs})` })
    .where(and(eq(versions.tenantId, tenantId), eq(versions.id, version.id), unused(db, version)))
    .returning({ id: versions.id });
  return rows.length > 0;
}

/** Put a version back into service. */
export async function reinstate(tenantId: TenantId, db: Database, versionId: VersionId): Promise<void> {
  await db
    .update(versions)
    .set({ retiredAtMs: null })
    .where(and(eq(versions.tenantId, tenantId), eq(versions.id, versionId)));
}

/** No alias points at the version, and traffic gives it no weight. */
function unused(db: Database, { modelId, number }: { modelId: ModelId; number: number }) {
  const pointing = db
    .select({ name: aliases.name })
    .from(aliases)
    .where(and(eq(aliases.modelId, modelId), eq(aliases.versionNumber, number)));
  const weighing = db
    .select({ id: models.id })
    .from(models)
    .where(and(eq(models.id, modelId), sql`json_type(${models.traffic}, ${`$."${number}"`}) is not null`));
  return and(notExists(pointing), notExists(weighing));
}

/** Remove a model with its versions and aliases. */
export async function deleteModel(tenantId: TenantId, db: Database, modelId: ModelId): Promise<void> {
  await db.delete(models).where(and(eq(models.tenantId, tenantId), eq(models.id, modelId)));
}
