import { type SQL, and, eq, lt, lte, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import type { ModelId, TenantId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { models, versions } from "./models.tables.ts";

/** A query of what the tenant holds, of versions of this model. To be run alone, or in one transaction with a write. */
export function selectHoldings(tenantId: TenantId, db: Database, modelId: ModelId | undefined) {
  const { maxModels, maxVersions, maxStoredBytes } = tenants;
  return db
    .select({
      models: countModels(tenantId).as("models"),
      versions: countVersions(tenantId, modelId).as("versions"),
      storedBytes: sumStoredBytes(tenantId).as("stored_bytes"),
      maxModels,
      maxVersions,
      maxStoredBytes,
    })
    .from(tenants)
    .where(eq(tenants.id, tenantId));
}

/** The condition, beside the tenant's row, that one more model is within its quota. */
export function roomForModel(tenantId: TenantId): SQL | undefined {
  return lt(countModels(tenantId), tenants.maxModels);
}

/** The condition, beside the tenant's row, that one more version of this size is within its quotas. */
export function roomForVersion(tenantId: TenantId, modelId: ModelId, sizeBytes: number): SQL | undefined {
  return and(
    lt(countVersions(tenantId, modelId), tenants.maxVersions),
    lte(sql`${sumStoredBytes(tenantId)} + ${sizeBytes}`, tenants.maxStoredBytes),
  );
}

function countModels(tenantId: TenantId): SQL<number> {
  return sql<number>`(select count(*) from ${models} where ${models.tenantId} = ${tenantId})`;
}

function countVersions(tenantId: TenantId, modelId: ModelId | undefined): SQL<number> {
  if (modelId === undefined) return sql<number>`0`;
  const ofModel = and(eq(versions.tenantId, tenantId), eq(versions.modelId, modelId));
  return sql<number>`(select count(*) from ${versions} where ${ofModel})`;
}

function sumStoredBytes(tenantId: TenantId): SQL<number> {
  return sql<number>`(select coalesce(sum(${versions.sizeBytes}), 0) from ${versions} where ${versions.tenantId} = ${tenantId})`;
}
