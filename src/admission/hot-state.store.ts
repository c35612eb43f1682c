import { and, eq, isNotNull } from "drizzle-orm";
import { users } from "../identity/auth.tables.ts";
import { apiKeys } from "../identity/keys.tables.ts";
import { cutDown } from "../identity/permissions.rules.ts";
import { grantsOf } from "../identity/roles.rules.ts";
import { members, roles } from "../members/members.tables.ts";
import { aliases, models, versions } from "../models/models.tables.ts";
import type { Database } from "../shared/database.ts";
import type { KeyId, ModelId, TenantId, UserId } from "../shared/ids.ts";
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

/** Which keys: one, those of one person, or those of all persons. */
export type KeySelection = { readonly keyId: KeyId } | { readonly userId: UserId } | "personal";

/**
 * The tenant's keys as D1 has them now, each with what its person's roles leave of its scopes: all of them, or a selection.
 *
 * One transaction: keys, members and roles are of one moment.
 */
export async function loadKeyGrants(
  tenantId: TenantId,
  db: Database,
  selection?: KeySelection,
): Promise<HashedKeyGrant[]> {
  const isMember = and(eq(members.tenantId, apiKeys.tenantId), eq(members.userId, apiKeys.userId));
  const [keys, ownRoles] = await db.batch([
    db
      .select({ key: apiKeys, held: members.roles, status: users.status })
      .from(apiKeys)
      .leftJoin(members, isMember)
      .leftJoin(users, eq(users.id, apiKeys.userId))
      .where(and(eq(apiKeys.tenantId, tenantId), conditionOf(selection))),
    db.select({ name: roles.name, grants: roles.grants }).from(roles).where(eq(roles.tenantId, tenantId)),
  ]);
  const own = new Map(ownRoles.map(({ name, grants }) => [name, grants]));
  return keys.map(({ key, held, status }) => {
    const { id: keyId, hash, userId, createdAtMs, revokedAtMs, expiresAtMs, models: names, allowedIps, limits } = key;
    const isOrphaned = userId !== null && (held === null || status !== "active");
    const scopes = userId === null ? key.scopes : cutDown(grantsOf(held ?? [], own), key.scopes);
    const person = { userId, isOrphaned, scopes };
    return { keyId, hash, ...person, createdAtMs, revokedAtMs, expiresAtMs, models: names, allowedIps, limits };
  });
}

function conditionOf(selection: KeySelection | undefined) {
  if (selection === undefined) return undefined;
  if (selection === "personal") return isNotNull(apiKeys.userId);
  return "keyId" in selection ? eq(apiKeys.id, selection.keyId) : eq(apiKeys.userId, selection.userId);
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
