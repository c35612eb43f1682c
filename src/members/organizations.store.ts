import { and, eq, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId, UserId } from "../shared/ids.ts";
import { type TenantRow, tenants } from "../tenants/tenants.tables.ts";
import { recordIfChanged } from "./audited.store.ts";
import { OWNER } from "./members.rules.ts";
import { members } from "./members.tables.ts";

/** An organisation, and what a person is in it. */
export interface OwnOrganization extends Pick<TenantRow, "id" | "name" | "status"> {
  readonly roles: readonly string[];
}

/** The tenant's own row, or undefined. */
export async function findOrganization(tenantId: TenantId, db: Database): Promise<TenantRow | undefined> {
  const [row] = await db.select().from(tenants).where(eq(tenants.id, tenantId));
  return row;
}

/** Register a tenant with its owner, all at once: there is none without the other. */
export async function insertOrganization(
  tenantId: TenantId,
  db: Database,
  tenant: Omit<typeof tenants.$inferInsert, "id">,
  { userId, audit }: { readonly userId: UserId; readonly audit: AuditRow },
): Promise<TenantRow> {
  const { createdAtMs } = tenant;
  const [[row]] = await db.batch([
    db
      .insert(tenants)
      .values({ ...tenant, id: tenantId })
      .returning(),
    db.insert(members).values({ tenantId, userId, roles: [OWNER], createdAtMs }),
    db.insert(auditEvents).values(audit),
  ]);
  if (!row) throw new Error("A tenant was written and is not there.");
  return row;
}

/** Name a tenant otherwise. No cell knows the name, so none is told. */
export async function updateName(
  tenantId: TenantId,
  db: Database,
  name: string,
  audit: AuditRow,
): Promise<TenantRow | undefined> {
  await db.batch([
    db
      .update(tenants)
      .set({ name })
      .where(and(eq(tenants.id, tenantId), sql`${tenants.name} <> ${name}`)),
    recordIfChanged(db, audit),
  ]);
  return await findOrganization(tenantId, db);
}

/** The organisations that a person is a member of, in the order of their making. */
export async function organizationsOf(db: Database, userId: UserId): Promise<OwnOrganization[]> {
  return await db
    .select({ id: tenants.id, name: tenants.name, status: tenants.status, roles: members.roles })
    .from(members)
    .innerJoin(tenants, eq(tenants.id, members.tenantId))
    .where(eq(members.userId, userId))
    .orderBy(tenants.id);
}
