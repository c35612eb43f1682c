import { eq, sql } from "drizzle-orm";
import { passkeys, users } from "../identity/auth.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import type { SecurityPolicy } from "../tenants/security-policy.rules.ts";
import { tenants } from "../tenants/tenants.tables.ts";
import { members } from "./members.tables.ts";

/** How a person stands: whether they may come in, what they can show, and what their tenants ask for. */
export interface Standing {
  readonly status: "active" | "suspended";
  /** Whether they have set one up. */
  readonly hasSecondFactor: boolean;
  readonly policies: ReadonlyMap<TenantId, SecurityPolicy>;
}

/** How a person stands, in one read; undefined when there is no such person. */
export async function findStanding(db: Database, userId: UserId): Promise<Standing | undefined> {
  const rows = await db
    .select({
      status: users.status,
      hasCodes: users.twoFactorEnabled,
      hasPasskey: sql<number>`exists (select 1 from ${passkeys} where ${passkeys.userId} = ${users.id})`,
      tenantId: members.tenantId,
      policy: tenants.securityPolicy,
    })
    .from(users)
    .leftJoin(members, eq(members.userId, users.id))
    .leftJoin(tenants, eq(tenants.id, members.tenantId))
    .where(eq(users.id, userId));
  const [first] = rows;
  if (!first) return undefined;
  const policies = rows.flatMap(({ tenantId, policy }) => (tenantId && policy ? [[tenantId, policy] as const] : []));
  return {
    status: first.status,
    hasSecondFactor: first.hasCodes === true || first.hasPasskey === 1,
    policies: new Map(policies),
  };
}
