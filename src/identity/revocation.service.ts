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
  };
}

/** Void what was issued for a log-in, with every tenant of the person. When it returns, it is refused. May be repeated. */
export async function voidSession(services: RevocationServices, userId: UserId, sessionId: SessionId): Promise<void> {
  await voidEverywhere(services, userId, { kind: "session", id: sessionId, notBeforeMs: FOREVER_MS });
}

async function voidEverywhere(
  { db, cell }: RevocationServices,
  userId: UserId,
  { kind, id, notBeforeMs }: { kind: EpochKind; id: string; notBeforeMs: number },
): Promise<void> {
  const tenantIds = await tenantsOf(db, userId);
  await Promise.all(tenantIds.map(async (tenantId) => await cell(tenantId).refuseBefore(kind, id, notBeforeMs)));
}
