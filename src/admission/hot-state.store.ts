import { and, eq } from "drizzle-orm";
import { apiKeys } from "../identity/keys.tables.ts";
import { aliases, models, versions } from "../models/models.tables.ts";
import type { Database } from "../shared/database.ts";
import type { KeyId, ModelId, TenantId } from "../shared/ids.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { policyOf } from "../tenants/policy.rules.ts";
import type { TenantPolicy } from "./admission.rules.ts";
import type { KeyGrant } from "./credentials.rules.ts";
import type { Deployment } from "./deployments.rules.ts";

/** A key's grant with the hash that finds it. */
export interface HashedKeyGrant extends KeyGrant {
  readonly hash: string;
}

/** The tenant's status and limits as D1 has them now; undefined when there is no such tenant. */
export async function loadTenantPolicy(tenantId: TenantId, db: Database): Promise<TenantPolicy | undefined> {
  const [row] = await db.select().from(tenants).where(eq(tenants.id, tenantId));
  return row && policyOf(row);
}

/** The tenant's keys as D1 has them now: all of them, or the one that is named. */
export async function loadKeyGrants(tenantId: TenantId, db: Database, keyId?: KeyId): Promise<HashedKeyGrant[]> {
  const only = keyId === undefined ? undefined : eq(apiKeys.id, keyId);
  const rows = await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), only));
  return rows.map(({ id, hash, scopes, createdAtMs, revokedAtMs, allowedIps, limits }) => {
    return { keyId: id, hash, scopes, createdAtMs, revokedAtMs, allowedIps, limits };
  });
}

/** The tenant's models with their versions and aliases as D1 has them now: all of them, or the one that is named. */
export async function loadDeployments(tenantId: TenantId, db: Database, modelId?: ModelId): Promise<Deployment[]> {
  const model = modelId === undefined ? undefined : eq(models.id, modelId);
  const versionModel = modelId === undefined ? undefined : eq(versions.modelId, modelId);
  const aliasModel = modelId === undefined ? undefined : eq(aliases.modelId, modelId);
  const { modelId: ofModel, number, runtime, sizeBytes, sha256, externalData, backend, retiredAtMs } = versions;
  const [modelRows, versionRows, aliasRows] = await db.batch([
    db
      .select()
      .from(models)
      .where(and(eq(models.tenantId, tenantId), model)),
    db
      .select({
        version: {
          modelId: ofModel,
          versionId: versions.id,
          number,
          runtime,
          sizeBytes,
          sha256,
          externalData,
          backend,
        },
        retiredAtMs,
      })
      .from(versions)
      .where(and(eq(versions.tenantId, tenantId), versionModel)),
    db
      .select()
      .from(aliases)
      .where(and(eq(aliases.tenantId, tenantId), aliasModel)),
  ]);
  const versionsOf = Map.groupBy(versionRows, (row) => row.version.modelId);
  const aliasesOf = Map.groupBy(aliasRows, (row) => row.modelId);
  return modelRows.map(({ id, name, loaded, traffic }) => {
    const own = versionsOf.get(id) ?? [];
    return {
      modelId: id,
      name,
      versions: own.map(({ version }) => version),
      aliases: Object.fromEntries((aliasesOf.get(id) ?? []).map((alias) => [alias.name, alias.versionNumber])),
      retired: own.filter((row) => row.retiredAtMs !== null).map(({ version }) => version.number),
      loaded,
      traffic,
    };
  });
}
