import type { EpochKind } from "../admission/credentials.rules.ts";
import { tenantsOf } from "../members/members.service.ts";
import type { Database } from "../shared/database.ts";
import type { SessionId, TenantId, UserId } from "../shared/ids.ts";

/** Later than any credential: what is void until then never holds again. */
export const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** What a revocation needs of the world outside. */
export interface RevocationServices {
  readonly db: Database;
  readonly cell: (tenantId: TenantId) => {
    refuseBefore(kind: EpochKind, id: string, notBeforeMs: number): Promise<void>;
    refresh(change: { readonly kind: "member"; readonly userId: UserId }): Promise<void>;
  };
}

/** Void what was issued for a log-in, with every tenant of the person. When it returns, it is refused. May be repeated. */
export async function voidSession(services: RevocationServices, userId: UserId, sessionId: SessionId): Promise<void> {
  await voidEverywhere(services, userId, { kind: "session", id: sessionId, notBeforeMs: FOREVER_MS });
}

/**
 * Void the tokens that a person holds, with every tenant of theirs: those that were issued until now, or also what may ever be. When it
 * returns, they are refused. May be repeated.
 *
 * @returns the tenants, whose keys of the person are to be read anew once D1 has the change: see {@link followKeys}
 */
export async function voidPerson(
  services: RevocationServices,
  userId: UserId,
  until: number | "ever",
): Promise<TenantId[]> {
  return await voidEverywhere(services, userId, {
    kind: "user",
    id: userId,
    notBeforeMs: until === "ever" ? FOREVER_MS : until,
  });
}

async function voidEverywhere(
  { db, cell }: RevocationServices,
  userId: UserId,
  { kind, id, notBeforeMs }: { kind: EpochKind; id: string; notBeforeMs: number },
): Promise<TenantId[]> {
  const tenantIds = await tenantsOf(db, userId);
  await Promise.all(tenantIds.map(async (tenantId) => await cell(tenantId).refuseBefore(kind, id, notBeforeMs)));
  return tenantIds;
}

/**
 * Have tenants read what the keys that a person made may do now: they follow their person, whose status or memberships have changed in
 * D1. When it returns, the change holds. May be repeated.
 */
export async function followKeys(
  { cell }: Pick<RevocationServices, "cell">,
  userId: UserId,
  tenantIds: readonly TenantId[],
): Promise<void> {
  await Promise.all(tenantIds.map(async (tenantId) => await cell(tenantId).refresh({ kind: "member", userId })));
}
