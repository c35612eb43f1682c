import { and, eq, isNotNull, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import type { Database } from "../shared/database.ts";
import type { TenantId } from "../shared/ids.ts";
import { type TenantRow, tenants } from "../tenants/tenants.tables.ts";
import { recordIfChanged } from "./audited.store.ts";
import { MOST_CHILDREN, MOST_GENERATIONS } from "./hierarchy.rules.ts";
import { areThere } from "./members.store.ts";

/** The tenant's parent, and the role that its members have here; undefined where there is none, or they have none. */
export async function findParentAccess(
  tenantId: TenantId,
  db: Database,
): Promise<{ readonly parentId: TenantId; readonly role: string } | undefined> {
  const [row] = await db
    .select({ parentId: tenants.parentId, role: tenants.parentAccessRole })
    .from(tenants)
    .where(eq(tenants.id, tenantId));
  return row?.parentId && row.role !== null ? { parentId: row.parentId, role: row.role } : undefined;
}

/** The tenant's children in the order of their making: one page and one row beyond. */
export async function listChildren(
  tenantId: TenantId,
  db: Database,
  page: { limit: number; after: string | undefined },
): Promise<TenantRow[]> {
  const beyond = page.after === undefined ? undefined : sql`${tenants.id} > ${page.after}`;
  return await db
    .select()
    .from(tenants)
    .where(and(eq(tenants.parentId, tenantId), beyond))
    .orderBy(tenants.id)
    .limit(page.limit + 1);
}

/** One child of the tenant, or undefined. */
export async function findChild(tenantId: TenantId, db: Database, childId: TenantId): Promise<TenantRow | undefined> {
  const [row] = await db
    .select()
    .from(tenants)
    .where(and(eq(tenants.parentId, tenantId), eq(tenants.id, childId)));
  return row;
}

/** Whether a new tenant could be this one's child. */
export async function hasRoomBelow(tenantId: TenantId, db: Database): Promise<boolean> {
  const [row] = await db
    .select({ fits: fitsBelow(tenantId, 1) })
    .from(tenants)
    .where(eq(tenants.id, tenantId));
  return row?.fits === 1;
}

/**
 * Put a tenant below another, or below none, all in one statement: it holds back where there is no such parent, where it would be its own
 * ancestor, or where the generations or the children would become too many. With the parent, what its members may do here goes.
 *
 * @returns whether it was done
 */
export async function updateParent(
  tenantId: TenantId,
  db: Database,
  parentId: TenantId | null,
  audit: AuditRow,
): Promise<boolean> {
  const isApart = parentId === null ? undefined : sql`${tenantId} NOT IN (SELECT id FROM ${lineOf(parentId)})`;
  const fits = parentId === null ? undefined : sql`${fitsBelow(parentId, heightOf(tenantId))} = 1`;
  const [updated] = await db.batch([
    db
      .update(tenants)
      .set({ parentId, parentAccessRole: null })
      .where(and(eq(tenants.id, tenantId), isApart, fits))
      .returning({ id: tenants.id }),
    recordIfChanged(db, audit),
  ]);
  return updated.length > 0;
}

/** Say which role the parent's members have here; it holds back where there is no parent or no such role. @returns whether it was done */
export async function updateParentAccess(
  tenantId: TenantId,
  db: Database,
  role: string | null,
  audit: AuditRow,
): Promise<boolean> {
  const isThere = role === null ? undefined : areThere(tenantId, [role]);
  const [updated] = await db.batch([
    db
      .update(tenants)
      .set({ parentAccessRole: role })
      .where(and(eq(tenants.id, tenantId), isNotNull(tenants.parentId), isThere))
      .returning({ id: tenants.id }),
    recordIfChanged(db, audit),
  ]);
  return updated.length > 0;
}

/** A tenant and all above it, with how far above each is. What is deeper than allowed can't be, and is not followed. */
function lineOf(tenantId: TenantId) {
  return sql`(WITH RECURSIVE line (id, steps) AS (
    SELECT ${tenantId}, 1
    UNION ALL SELECT above.parent_id, line.steps + 1 FROM line JOIN tenants AS above ON above.id = line.id
    WHERE above.parent_id IS NOT NULL AND line.steps <= ${MOST_GENERATIONS}
  ) SELECT id, steps FROM line)`;
}

/** Generations from a tenant down to the last below it, itself included. */
function heightOf(tenantId: TenantId) {
  return sql`(WITH RECURSIVE tree (id, steps) AS (
    SELECT ${tenantId}, 1
    UNION ALL SELECT below.id, tree.steps + 1 FROM tree JOIN tenants AS below ON below.parent_id = tree.id
    WHERE tree.steps <= ${MOST_GENERATIONS}
  ) SELECT max(steps) FROM tree)`;
}

/** 1 where there is such a tenant, and room below it for a tree of this height. */
function fitsBelow(parentId: TenantId, height: ReturnType<typeof sql> | number) {
  return sql<number>`(EXISTS (SELECT 1 FROM tenants AS parent WHERE parent.id = ${parentId})
    AND (SELECT max(steps) FROM ${lineOf(parentId)}) + ${height} <= ${MOST_GENERATIONS}
    AND (SELECT count(*) FROM tenants AS sibling WHERE sibling.parent_id = ${parentId}) < ${MOST_CHILDREN})`;
}
