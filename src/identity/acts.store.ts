import { and, desc, eq } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";

/** How many log-ins are looked back at. */
const LATEST = 200;

/** Where a person logged in from of late, the newest first. */
export async function latestLogIns(db: Database, userId: string): Promise<Pick<AuditRow, "ipAddress" | "userAgent">[]> {
  return await db
    .select({ ipAddress: auditEvents.ipAddress, userAgent: auditEvents.userAgent })
    .from(auditEvents)
    .where(and(eq(auditEvents.actorId, userId), eq(auditEvents.act, "person.logged_in")))
    .orderBy(desc(auditEvents.id))
    .limit(LATEST);
}
