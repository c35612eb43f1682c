import { and, eq, exists, gt, inArray, isNull, notExists, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { ModelId, TenantId, VersionId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { type ReachedQuota, quotaAgainstModel, quotaAgainstVersion } from "./quota.rules.ts";
import { roomForModel, roomForVersion, selectHoldings } from "./quota.store.ts";
import { type AliasRow, type ModelRow, type VersionRow, aliases, models, versions } from "./models.tables.ts";

/** A model with all that hangs on it. */
export interface ModelTree {
  readonly model: ModelRow;
  readonly versions: VersionRow[];
  readonly aliases: AliasRow[];
}

/** A version before it has its number. */
export type NewVersion = Omit<VersionRow, "tenantId" | "number" | "retiredAtMs">;

/** What became of a model's registration. */
export type InsertedModel =
  | { readonly kind: "inserted"; readonly model: ModelRow }
  | { readonly kind: "name-taken" }
  | { readonly kind: "quota-reached"; readonly quota: ReachedQuota };

/**
 * Register a model's name, if it is free and the tenant may have one more model.
 *
 * One transaction: of two registrations at once, both can't take the last place.
 */
export async function insertModel(
  tenantId: TenantId,
  db: Database,
  model: Pick<ModelRow, "id" | "name" | "description" | "createdAtMs">,
): Promise<InsertedModel> {
  const [[named], [holdings], [row]] = await db.batch([
    db
      .select({ id: models.id })
      .from(models)
      .where(and(eq(models.tenantId, tenantId), eq(models.name, model.name))),
    selectHoldings(tenantId, db, undefined),
    db
      .insert(models)
      .select(newModel(tenantId, db, model))
      .onConflictDoNothing({ target: [models.tenantId, models.name] })
      .returning(),
  ]);
  if (row) return { kind: "inserted", model: row };
  const quota = named || !holdings ? undefined : quotaAgainstModel(holdings);
  return quota ? { kind: "quota-reached", quota } : { kind: "name-taken" };
}

/** A model's first row, made only where the tenant may have one more. */
function newModel(
  tenantId: TenantId,
  db: Database,
  { id, name, description, createdAtMs }: Pick<ModelRow, "id" | "name" | "description" | "createdAtMs">,
) {
  return db
    .select({
      id: sql`${id}`.as("id"),
      tenantId: tenants.id,
      name: sql`${name}`.as("name"),
      description: sql`${description}`.as("description"),
      lastVersion: sql`0`.as("last_version"),
      createdAtMs: sql`${createdAtMs}`.as("created_at_ms"),
      loaded: sql`1`.as("loaded"),
      traffic: sql`null`.as("traffic"),
      previous: sql`null`.as("previous"),
      servingTag: sql`null`.as("serving_tag"),
    })
    .from(tenants)
    .where(and(eq(tenants.id, tenantId), roomForModel(tenantId)));
}

/** The tenant's models by name, or those of them that are named: one page and one row beyond. */
export async function listModels(
  tenantId: TenantId,
  db: Database,
  page: { limit: number; after: string | undefined; names: readonly string[] | null },
): Promise<ModelRow[]> {
  const beyond = page.after === undefined ? undefined : gt(models.name, page.after);
  const named = page.names === null ? undefined : inArray(models.name, [...page.names]);
  return await db
    .select()
    .from(models)
    .where(and(eq(models.tenantId, tenantId), named, beyond))
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

/** What became of a version's registration. */
export type InsertedVersion =
  | { readonly kind: "inserted"; readonly version: VersionRow }
  | { readonly kind: "model-gone" }
  | { readonly kind: "quota-reached"; readonly quota: ReachedQuota };

/**
 * Give a new version the model's next number and write it; the model's very first version gets the alias.
 *
 * One transaction: two uploads at once get two numbers and can't both take the last place, and no number is given for an
 * upload that failed.
 */
export async function insertVersion(
  tenantId: TenantId,
  db: Database,
  version: NewVersion,
  firstAlias: string,
): Promise<InsertedVersion> {
  const { id, modelId, createdAtMs } = version;
  const isInserted = exists(db.select({ id: versions.id }).from(versions).where(eq(versions.id, id)));
  const ofModel = and(eq(models.tenantId, tenantId), eq(models.id, modelId), isInserted);
  const [[holdings], [row]] = await db.batch([
    selectHoldings(tenantId, db, modelId),
    db
      .insert(versions)
      .select(newVersion(tenantId, db, version))
      .returning(),
    db
      .update(models)
      .set({ lastVersion: sql`${models.lastVersion} + 1` })
      .where(ofModel),
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
        .where(and(ofModel, eq(models.lastVersion, 1))),
    ),
  ]);
  if (row) return { kind: "inserted", version: row };
  const quota = holdings && quotaAgainstVersion(holdings, version.sizeBytes);
  return quota ? { kind: "quota-reached", quota } : { kind: "model-gone" };
}

/** A version's first row, made only where the model is there and the tenant may have one more. */
function newVersion(tenantId: TenantId, db: Database, version: NewVersion) {
  const { id, modelId, sizeBytes, sha256, runtime, createdAtMs } = version;
  const json = (value: unknown) => sql`${value === null ? null : JSON.stringify(value)}`;
  return db
    .select({
      id: sql`${id}`.as("id"),
      tenantId: models.tenantId,
      modelId: models.id,
      number: sql`${models.lastVersion} + 1`.as("number"),
      sizeBytes: sql`${sizeBytes}`.as("size_bytes"),
      sha256: sql`${sha256}`.as("sha256"),
      externalData: json(version.externalData).as("external_data"),
      inspection: json(version.inspection).as("inspection"),
      createdAtMs: sql`${createdAtMs}`.as("created_at_ms"),
      runtime: sql`${runtime}`.as("runtime"),
      placement: json(version.placement).as("placement"),
      backend: json(version.backend).as("backend"),
      retiredAtMs: sql`null`.as("retired_at_ms"),
    })
    .from(models)
    .innerJoin(tenants, eq(tenants.id, models.tenantId))
    .where(and(eq(models.tenantId, tenantId), eq(models.id, modelId), roomForVersion(tenantId, modelId, sizeBytes)));
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
