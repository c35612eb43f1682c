import { type SQL, and, desc, eq, gte, lt, sql } from "drizzle-orm";
import type { Database } from "../shared/database.ts";
import { type TenantId, idsFrom } from "../shared/ids.ts";
import type { Act, AuditRow } from "./audit.rules.ts";
import { auditEvents } from "./audit.tables.ts";

/** Which acts are asked for; what is left out says nothing. */
export interface AuditFilter {
  readonly act?: Act | undefined;
  readonly actorId?: string | undefined;
  readonly targetId?: string | undefined;
  /** At this moment or later, ms since 1970. */
  readonly fromMs?: number | undefined;
  /** Before this moment. */
  readonly toMs?: number | undefined;
}

/** So many of them, older than this one. */
export interface AuditPage {
  readonly limit: number;
  readonly after: string | undefined;
}

/** Keep an act that changed nothing else. */
export async function insertAuditEvent(db: Database, row: AuditRow): Promise<void> {
  await db.insert(auditEvents).values(row);
}

/** What was done that concerns the tenant, newest first. */
export async function listAuditEvents(
  tenantId: TenantId,
  db: Database,
  filter: AuditFilter,
  page: AuditPage,
): Promise<AuditRow[]> {
  return await select(db, [eq(auditEvents.tenantId, tenantId), ...conditionsOf(filter)], page);
}

/** What was done anywhere, newest first, for the platform's own people. */
export async function listAllAuditEvents(db: Database, filter: AuditFilter, page: AuditPage): Promise<AuditRow[]> {
  return await select(db, conditionsOf(filter), page);
}

async function select(db: Database, conditions: (SQL | undefined)[], { limit, after }: AuditPage): Promise<AuditRow[]> {
  const beyond = after === undefined ? undefined : lt(sortedId, after);
  return await db
    .select()
    .from(auditEvents)
    .where(and(...conditions, beyond))
    .orderBy(desc(auditEvents.id))
    .limit(limit);
}

/** Compared with texts that are no ids. Ids begin with their time, so the index serves times too. */
const sortedId = sql<string>`${auditEvents.id}`;

function conditionsOf({ act, actorId, targetId, fromMs, toMs }: AuditFilter): (SQL | undefined)[] {
  return [
    act && eq(auditEvents.act, act),
    actorId === undefined ? undefined : eq(auditEvents.actorId, actorId),
    targetId === undefined ? undefined : eq(auditEvents.targetId, targetId),
    fromMs === undefined ? undefined : gte(sortedId, idsFrom("evt", fromMs)),
    toMs === undefined ? undefined : lt(sortedId, idsFrom("evt", toMs)),
  ];
}
