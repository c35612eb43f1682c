import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { type EffectivePolicy, type SecurityPolicy, strictestOf } from "../tenants/security-policy.rules.ts";
import { tenantsOwnedAlone } from "./owners.store.ts";
import { findStanding } from "./standing.store.ts";

/** How a person stands with the platform and with their tenants. */
export interface PersonStanding {
  readonly isSuspended: boolean;
  /** Whether they have set up a second factor, or a passkey. */
  readonly hasSecondFactor: boolean;
  /** The strictest of what their tenants ask for. */
  readonly policy: EffectivePolicy;
  /** What one of their tenants asks for. */
  readonly policyOf: (tenantId: TenantId) => SecurityPolicy;
}

/** How a person stands; undefined when there is no such person. */
export async function standingOf(db: Database, userId: UserId): Promise<PersonStanding | undefined> {
  const found = await findStanding(db, userId);
  if (!found) return undefined;
  const { status, hasSecondFactor, policies } = found;
  return {
    isSuspended: status === "suspended",
    hasSecondFactor,
    policy: strictestOf([...policies.values()]),
    policyOf: (tenantId) => policies.get(tenantId) ?? {},
  };
}

/** The tenants that would have no owner without this person: at most 20 of them. */
export async function leftWithoutOwner(db: Database, userId: UserId): Promise<{ id: TenantId; name: string }[]> {
  return await tenantsOwnedAlone(db, userId);
}
